"""How fast a page opens, and networks run and learn in it: python tests/benchmarks/page.py

From its opening to the first drag that is possible, also on a machine that is four times as slow.

The maps of *classroom*, and steps of learning, in Chromium from disc, with what that computes with by itself, and with
WebGPU on the processor if it offers one. Nothing is trained before: time does not depend on the numbers.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from measure import Timing, table
from playwright.sync_api import Browser, sync_playwright

from unet_explorer import PRESETS, build_model, save_page

RUNS, STEPS = 10, 5
SLOWER = (1, 4)
"""How many times slower than it is a machine is made for the opening."""
DRAG = """window.dragged = new Promise((done) => {
    const look = new MutationObserver(() => {
        const shown = document.querySelector('.ue-paper [data-step="enc0_conv1"][data-height]');
        const slider = document.querySelector('[data-knob="tile_height"]');
        if (!shown || !slider || document.getElementById("ue-waiting")) return;
        look.disconnect();
        const side = Number(slider.value) + 1;
        // As soon as the browser has time for the hand.
        setTimeout(() => {
            slider.value = side;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            const { value } = document.querySelector('[data-number="tile_height"]');
            if (value !== String(side)) throw new Error("not moved");
            done(performance.now() / 1000);
        });
    });
    look.observe(document, { childList: true, subtree: true, attributes: true });
});"""
PLAIN = ["--no-sandbox", "--disable-gpu"]
WEBGPU = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"]
WORKER = """
    const text = (id) => document.getElementById(id).textContent;
    const bytes = (id) => Uint8Array.from(atob(text(id)), (letter) => letter.charCodeAt(0));
    const packed = new Blob([bytes("ue-library")]).stream().pipeThrough(new DecompressionStream("gzip"));
    const library = await new Response(packed).text();
    const worker = new Worker(URL.createObjectURL(new Blob([library, "\\n", text("ue-worker")])));
    const heard = () => new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
    const told = async (order) => (worker.postMessage(order), await heard());
"""
"""A worker of the page, and what it answers to an order."""
MAPS = f"async (runs) => {{{WORKER}"
MAPS += """
    const { steps, cells } = JSON.parse(text("ue-network"));
    const { device } = await told({ do: "start", number: 0, steps, weights: bytes("ue-weights").buffer });
    const seconds = [];
    for (let run = 0; run <= runs; run += 1) {
        const numbers = Float32Array.from({ length: 188 * 188 }, Math.random);
        const began = performance.now();
        await told({ do: "run", number: 1, tile: { numbers, channels: 1, height: 188, width: 188 } });
        for (const { name } of steps) await told({ do: "view", number: 2, steps: [name], cells, channel: -1 });
        seconds.push((performance.now() - began) / 1000);
    }
    worker.terminate();
    return [device, seconds];
}"""
LESSON = f"async (count) => {{{WORKER}"
LESSON += """
    const { tile, output, batch, rate, shared, heads } = JSON.parse(text("ue-learning")).designs.classroom;
    const steps = [...shared, ...heads.linear];
    const sizes = steps.flatMap(({ shapes }) => shapes).map((shape) => shape.reduce((one, other) => one * other, 1));
    const some = (length, spread) => Float32Array.from({ length }, () => spread * (Math.random() - 0.5));
    const numbers = some(sizes.reduce((one, other) => one + other, 0), 0.2);
    const maps = (channels, side) => ({ count: batch, channels, height: side, width: side });
    const tiles = { ...maps(1, tile), numbers: some(batch * tile * tile, 2) };
    // All of it is of the first class: the loss falls if anything is learnt.
    const pixels = output * output;
    const share = (_, at) => (at % (2 * pixels) < pixels ? 1 / (batch * pixels) : 0);
    const truth = { ...maps(2, output), numbers: Float32Array.from({ length: 2 * batch * pixels }, share) };
    await told({ do: "teach", number: 0, steps, numbers });
    const [seconds, losses] = [[], []];
    for (let step = 0; step <= count; step += 1) {
        const began = performance.now();
        losses.push((await told({ do: "learn", number: 1, batch: { tiles, truth }, rate })).loss);
        seconds.push((performance.now() - began) / 1000);
    }
    worker.terminate();
    return [seconds, losses];
}"""
"""Steps of *classroom*, which the page itself offers with WebGPU alone."""


def opening(browser: Browser, file: Path, slower: int) -> Timing:
    """Seconds from the start of the navigation until the tile can be dragged."""
    seconds = []
    for _ in range(RUNS):
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.add_init_script(DRAG)
        page.goto(file.as_uri(), wait_until="commit")
        seconds.append(page.evaluate("() => window.dragged"))
        context.close()
    return Timing.of(seconds)


def learning(browser: Browser, file: Path) -> tuple[str, str]:
    """Steps a second, and the IoU that was reached, as the page says them."""
    page = browser.new_page()
    page.goto(file.as_uri())
    page.locator("[data-open=Train]").click()
    page.locator("[data-tab=train] [data-action=start]").click()
    page.wait_for_selector('[data-tab=train][data-state="finished"]', timeout=600_000)
    words = page.locator("[data-role=iou-curve]").get_attribute("aria-label") or ""
    found = re.search(r"IoU (\S+),", words)
    return page.locator("[data-role=speed]").inner_text(), found[1] if found else "none"


def main() -> None:
    rows: list[tuple[str, object, str, bool | None]] = []
    with tempfile.TemporaryDirectory() as room, sync_playwright() as playwright:
        file, (config, tile) = Path(room) / "unet.html", PRESETS["classroom"]
        save_page(file, model=build_model(config, tile), tile=tile)
        size = file.stat().st_size
        rows.append(("size, with the weights of classroom", f"{size / 1e6:.2f} MB", "≤ 1.4 MB", size <= 1.4e6))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=PLAIN)
        for slower in SLOWER:
            timing = opening(browser, file, slower)
            goal = ("≤ 2 s", timing.median <= 2) if slower > 1 else ("", None)
            rows.append((f"opening to the first drag, {slower}× slower", timing, *goal))
        browser.close()
        for arguments in (PLAIN, WEBGPU):
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
            page = browser.new_page()
            page.goto(file.as_uri())
            device, (first, *others) = page.evaluate(MAPS, RUNS)
            timing = Timing.of(others)
            rows.append((f"all maps of classroom, {device}", timing, "≤ 1 s", timing.median <= 1))
            rows.append((f"the first time, when all is compiled, {device}", f"{first:.2f} s", "", None))
            (first, *others), losses = page.evaluate(LESSON, STEPS)
            rows.append((f"a step of classroom, {device}", Timing.of(others), "", None))
            words = f"{first:.2f} s, loss {losses[0]:.3f} → {losses[-1]:.3f} in {STEPS} steps"
            rows.append((f"its first step, when all is compiled, {device}", words, "it falls", losses[-1] < losses[0]))
            speed, iou = learning(browser, file)
            reached = iou != "none" and float(iou) >= 0.85
            rows.append((f"learning, {device}", f"{speed}, IoU {iou}", "IoU ≥ 0.85 in 2 min", reached))
            browser.close()
    table(rows)


if __name__ == "__main__":
    main()
