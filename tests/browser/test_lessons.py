"""Lessons beside the U: answered first, locked in, then seen; with the kernel gone, by keyboard, and after a reload."""

from __future__ import annotations

import re
from pathlib import Path

from panel import NUMBER, Panel
from playwright.sync_api import expect

from unet_explorer import read_answers
from unet_explorer.lessons.lesson import find_lesson


def teach(lab, page, arguments):
    code = f"from unet_explorer import explore\npanel = explore({arguments})\npanel"
    notebook = lab.open(page, lab.notebook(f"lesson-{next(NUMBER)}.ipynb", code))
    notebook.run_all()
    panel = Panel(page)
    expect(panel.step("head")).to_be_visible()
    expect(panel.root).to_have_attribute("data-kernel", "answers")
    return panel, notebook


def expect_place(panel, number):
    expect(panel.role("lesson-place")).to_contain_text(f"Step {number} of")


def side(panel):
    """The first number below a box of the U."""
    return panel.step("enc0_conv2").locator(".ue-side")


def expect_in_view(panel, said):
    """Wholly within what is seen of the lesson's text, or from its first line on."""
    above, below = said.evaluate(
        """(node) => {
            const text = node.closest('[aria-label="The lesson"]');
            const [box, view] = [node, text].map((each) => each.getBoundingClientRect());
            return [box.top - view.top, box.bottom - view.bottom];
        }"""
    )
    assert above >= -1
    assert below <= 1 or abs(above) <= 1


def test_three_lessons_from_prediction_to_reveal(lab, page):
    from axe_playwright_python.sync_playwright import Axe

    panel, notebook = teach(lab, page, "'classroom'")
    panel.action("lessons").click()
    panel.root.locator('[data-action="lesson"][data-name="why-572"]').click()
    # It brings its own design, and has the focus.
    expect(panel.role("lesson-title")).to_be_focused()
    panel.expect_tile(572, 572)
    page.keyboard.press("n")
    expect_place(panel, 2)
    # A number: what would give it away is not there, neither to be seen nor to be heard.
    expect(side(panel)).to_be_hidden()
    expect(panel.role("status")).to_be_hidden()
    expect(panel.step("enc0_conv2")).not_to_have_attribute("aria-label", re.compile("568"))
    panel.action("lesson-lock").click()
    expect(panel.role("lesson-says")).to_have_text("Answer first: then it is shown.")
    panel.role("lesson-answer").fill("570 px")
    panel.role("lesson-answer").press("Enter")
    expect(panel.role("lesson-says")).to_contain_text("You counted one convolution")
    expect(side(panel)).to_be_hidden()
    # The field that had the focus is locked: it goes to what comes next, and back.
    expect(panel.role("lesson-answer")).to_be_disabled()
    expect(panel.action("lesson-again")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.role("lesson-answer")).to_be_focused()
    panel.action("lesson-hint").click()
    panel.action("lesson-hint").click()
    expect(panel.role("lesson-says")).to_contain_text("Hint 2.")
    expect_in_view(panel, panel.role("lesson-says").locator(":scope > *").last)
    panel.role("lesson-answer").fill("568")
    panel.action("lesson-lock").click()
    expect(panel.role("lesson-says")).to_contain_text("Right.")
    expect(panel.role("lesson-why")).to_contain_text("572 → 570 → 568")
    expect(side(panel)).to_have_text("568²")
    expect(panel.step("enc0_conv2")).to_have_attribute("aria-label", re.compile("568"))
    violations = Axe().run(page, context=".unet-explorer").response["violations"]
    assert not [each["id"] for each in violations if each["impact"] != "minor"]
    # What was answered is still there after a reload.
    notebook.command("docmanager:save")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.ready")
    page.reload()
    notebook.ready()
    expect_place(panel, 2)
    expect(panel.role("lesson-says")).to_contain_text("Right.")

    # Another lesson is all here once it was opened: it goes on without a kernel.
    panel.action("lessons").click()
    panel.root.locator('[data-action="lesson"][data-name="which-fit"]').click()
    expect(panel.role("lesson-title")).to_contain_text("Why 570 fails")
    panel.expect_tile(572, 572)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.mouse.move(0, 0)
    panel.step("head").hover()
    expect(panel.root).to_have_attribute("data-kernel", "is gone")
    panel.action("lesson-next").click()
    expect(panel.knob("tile_height")).to_have_value("570")
    # A step, clicked in the U.
    panel.step("enc2_conv1").click()
    expect(panel.role("lesson-given")).to_have_text("enc2_conv1")
    panel.step("enc1_pool").click()
    panel.action("lesson-lock").click()
    expect(panel.role("lesson-says")).to_contain_text("Right.")
    panel.expect_tile(570, 570, fits=False)
    panel.action("lesson-next").click()
    panel.action("lesson-next").click()
    panel.role("lesson-title").press("n")  # shows the answer
    expect(panel.role("lesson-why")).to_contain_text("= 16 px")
    panel.role("lesson-title").press("n")  # and goes on
    # A tile, dragged.
    expect_place(panel, 5)
    panel.type_tile(508)
    panel.action("lesson-lock").click()
    expect(panel.role("lesson-says")).to_contain_text("smaller than 512")
    panel.action("lesson-again").click()
    panel.type_tile(524)
    expect(panel.role("lesson-given")).to_have_text("524 px")
    panel.action("lesson-lock").click()
    expect(panel.role("lesson-says")).to_contain_text("Right.")
    panel.action("lesson-restart").click()
    expect_place(panel, 1)


def test_on_a_phone_what_is_said_is_seen_and_the_next_step_begins_at_its_top(lab, page):
    panel, _ = teach(lab, page, "'classroom', lesson='way-up'")
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    panel.action("lesson-next").click()
    panel.role("lesson-question").locator("input[type=radio]").nth(1).check()
    for action in ("lesson-lock", "lesson-again", "lesson-hint", "lesson-hint", "lesson-reveal"):
        panel.action(action).click()
        if action != "lesson-again":
            expect_in_view(panel, panel.role("lesson-says").locator(":scope > *").last)
    panel.action("lesson-next").click()
    expect_in_view(panel, panel.role("lesson-place"))
    stage = panel.root.bounding_box()
    for name in ("lessons", "save", "help"):
        button = panel.root.locator(f'.ue-tools [data-action="{name}"]')
        button.click()
        sheet = panel.root.locator(f'.ue-tools [data-menu="{name}"]').bounding_box()
        assert stage["x"] <= sheet["x"]
        assert sheet["x"] + sheet["width"] <= stage["x"] + stage["width"]
        assert sheet["y"] + sheet["height"] <= stage["y"] + stage["height"]
        button.press("Escape")


def test_a_choice_by_keyboard_in_another_tab_with_knobs_locked(lab, page):
    asked = find_lesson("seamless")
    number = next(place for place, each in enumerate(asked.pages) if each.ask and each.ask.kind == "choice")
    panel, _ = teach(lab, page, "'paper', lock=['depth', 'tile'], hide=['totals'], lesson='seamless'")
    for name in ("depth", "tile_height", "linked"):
        expect(panel.knob(name)).to_be_disabled()
    expect(panel.number("depth")).to_be_disabled()
    expect(panel.knob("base_filters")).to_be_enabled()
    expect(panel.role("totals")).to_be_hidden()
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    panel.role("lesson-title").focus()
    while panel.role("lesson-place").inner_text() != f"Step {number + 1} of {len(asked.pages)}":
        before = panel.role("lesson-place").inner_text()
        page.keyboard.press("n")
        if asked.pages[int(before.split()[1]) - 1].ask:
            page.keyboard.press("n")
        expect(panel.role("lesson-place")).not_to_have_text(before)
    choices = panel.role("lesson-question").locator("input[type=radio]")
    wrong = 1 if asked.pages[number].ask.answer == 0 else 0
    choices.nth(wrong).focus()
    page.keyboard.press("Space")
    panel.action("lesson-lock").focus()
    page.keyboard.press("Enter")
    expect(panel.role("lesson-says")).to_contain_text("Not yet.")
    expect(panel.action("lesson-again")).to_be_focused()
    page.keyboard.press("Enter")
    choices.nth(asked.pages[number].ask.answer).check()
    panel.action("lesson-lock").press("Enter")
    expect(panel.role("lesson-says")).to_contain_text("Right.")
    # The lesson is seen beside every tab.
    panel.root.locator('[data-open="Build"]').click()
    expect(panel.role("lesson")).to_be_visible()
    panel.action("lesson-close").click()
    expect(panel.role("lesson")).to_be_hidden()
    expect(panel.action("lessons")).to_be_focused()


def test_the_questions_before_and_after_tell_nothing_and_are_saved_without_a_name(lab, page):
    panel, _ = teach(lab, page, "'paper'")
    panel.action("lessons").click()
    panel.root.locator('[data-name="questions-before"]').click()
    expect_place(panel, 1)
    # What the stage shows might be the answer.
    expect(side(panel)).to_be_hidden()
    question = panel.role("lesson-question")
    question.locator("input[type=radio]").nth(1).check()
    panel.action("lesson-lock").click()
    expect_place(panel, 2)
    panel.action("lesson-back").click()
    expect(question.locator("input[type=radio]").nth(1)).to_be_checked()
    expect(panel.role("lesson-says")).to_have_text("")
    panel.action("lesson-next").click()
    for number in range(2, 21):
        expect_place(panel, number)
        panel.action("lesson-next").click()
    with page.expect_download() as download:
        panel.action("lesson-answers").click()
    path = Path(download.value.path()).with_suffix(".csv")
    download.value.save_as(path)
    head, row = path.read_text("utf-8").splitlines()
    assert row.split(",")[:4] == ["before", "taught", "B", ""]
    assert read_answers(path).groups[0].forms["before"].items[head.split(",")[2]] in {0.0, 1.0}
