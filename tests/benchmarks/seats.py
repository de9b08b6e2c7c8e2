"""A class on one machine: python tests/benchmarks/seats.py --seats 30 --learn 5 10.

Serves the page without cells for real, opens a kernel a seat through websockets as the page does it, and some seats in
Chromium. All drag and change the depth; then some press Start together. It ends on its own: when its time is up, or
when the machine has less memory left than it must have.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "browser"))

import psutil
from browser import KNOB
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1
from measure import Timing, table
from server import free_port
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

OPENING = 4
"""Seats that are opened at once: a class comes through the door."""
STEPS, DRAGS = 12, 4
PATIENCE = 60.0
PROTOCOL = "v1.kernel.websocket.jupyter.org"
"""As pages speak today: the server hands on what a kernel says without reading it."""
CONTROL = "1.0.0"
"""Version of the protocol in which all widgets are asked for."""


class Seat:
    """One page: its kernel, reached by the messages of widgets alone."""

    def __init__(self, base: str, token: str) -> None:
        self.base, self.token = base, token
        self.kernel, self.instrument, self.stage, self.train = "", "", "", ""
        self.config: dict[str, Any] = {}
        self.status: dict[str, Any] = {}
        self.recipe: dict[str, Any] = {}
        self.steps: list[float] = []
        self.waiting: asyncio.Future[None] | None = None
        self.known = asyncio.Event()
        self.under_way: dict[str, str] = {}
        self.later: dict[str, dict[str, Any]] = {}
        self.lost = 0

    async def open(self) -> None:
        """Load the page, connect to its kernel, and learn what widgets there are."""
        request = HTTPRequest(f"{self.base}/?token={self.token}", request_timeout=PATIENCE)
        answer = await AsyncHTTPClient().fetch(request)
        self.kernel = re.search(r'"kernelId": "([-\w]+)"', answer.body.decode())[1]
        url = f"{self.base}/api/kernels/{self.kernel}/channels?token={self.token}".replace("http", "ws", 1)
        self.line = await websocket_connect(url, max_message_size=1 << 30, subprotocols=[PROTOCOL])
        self.listening = asyncio.create_task(self.listen())
        self.control = uuid.uuid4().hex
        self.send("comm_open", comm_id=self.control, target_name="jupyter.widget.control", data={})
        self.send("comm_msg", comm_id=self.control, data={"method": "request_states"})
        await asyncio.wait_for(self.known.wait(), PATIENCE)

    def send(self, kind: str, **content: Any) -> str:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "session": self.control, "date": ""}
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {"version": CONTROL},
            "content": content,
        }
        packed = serialize_msg_to_ws_v1(message, "shell", lambda part: json.dumps(part).encode())
        self.line.write_message(packed, binary=True)
        return header["msg_id"]

    def update(self, widget: str, **state: Any) -> None:
        """Change a widget as the page does: one message is on its way, and what comes meanwhile goes as the next one.

        Source: jupyter-widgets/base, `WidgetModel.sync` and `_handle_status`.
        """
        if widget in self.under_way.values():
            self.later.setdefault(widget, {}).update(state)
            return
        message = self.send("comm_msg", comm_id=widget, data={"method": "update", "state": state, "buffer_paths": []})
        self.under_way[message] = widget

    def idle(self, message: str) -> None:
        """The kernel is done with a message; what has waited for that goes now."""
        widget = self.under_way.pop(message, "")
        if state := self.later.pop(widget, None):
            self.update(widget, **state)

    async def listen(self) -> None:
        while (text := await self.line.read_message()) is not None:
            header, parent, _, content = map(json.loads, deserialize_msg_from_ws_v1(text)[1][:4])
            kind = header["msg_type"]
            if kind == "comm_open" and "states" in content.get("data", {}).get("state", {}):
                self.train = content["comm_id"]
                self.status, self.recipe = content["data"]["state"]["status"], content["data"]["state"]["recipe"]
            if kind == "status" and content["execution_state"] == "idle":
                self.idle(parent.get("msg_id", ""))
            if kind != "comm_msg":
                continue
            data = content["data"]
            if data.get("method") == "update_states":
                self.look(data["states"])
            elif content["comm_id"] == self.instrument and "network" in data.get("state", {}):
                if self.waiting and not self.waiting.done():
                    self.waiting.set_result(None)
            elif content["comm_id"] == self.train and "status" in data.get("state", {}):
                self.status = data["state"]["status"]

    def look(self, states: dict[str, Any]) -> None:
        for widget, each in states.items():
            if "network" in each["state"]:
                self.instrument, self.config = widget, each["state"]["config"]
            if "titles" in each["state"]:
                self.stage = widget
        self.known.set()

    async def depth_step(self) -> float:
        """Seconds from the knob to the new network."""
        depth = self.config["depth"] % 4 + 2
        self.config = {**self.config, "depth": depth}
        self.waiting = asyncio.get_running_loop().create_future()
        start = time.perf_counter()
        self.update(self.instrument, config=self.config)
        try:
            await asyncio.wait_for(self.waiting, PATIENCE)
        except TimeoutError:
            self.lost += 1
        return time.perf_counter() - start

    async def learn_by_hand(self, chance: random.Random, every: float) -> None:
        """Drag the tile, change the depth, and look for a while, again and again."""
        await asyncio.sleep(chance.uniform(0, every))
        for _ in range(STEPS):
            for _ in range(DRAGS):
                side = chance.randrange(188, 900)
                self.update(self.instrument, tile=[side, side])
                await asyncio.sleep(0.06)
            self.steps.append(await self.depth_step())
            await asyncio.sleep(chance.uniform(0.5, 1.5) * every - 0.06 * DRAGS)

    async def start_training(self) -> None:
        """Something small, so that all have their turn before the time is up."""
        self.update(self.instrument, config={**self.config, "depth": 3}, tile=[188, 188])
        self.update(self.stage, opened="Train")
        while not self.train or not self.status:
            await asyncio.sleep(0.1)
        self.update(self.train, recipe={**self.recipe, "steps": 20, "steps_per_epoch": 10})
        self.update(self.train, request={"do": "start", "number": 1, "force": True})

    @property
    def state(self) -> str:
        return str(self.status.get("state", "?"))


def kernels_of(server: psutil.Process) -> list[psutil.Process]:
    found = []
    for each in server.children(recursive=True):
        try:
            if "kernel-" in " ".join(each.cmdline()):
                found.append(each)
        except psutil.Error:
            continue
    return found


def spent(server: psutil.Process) -> dict[str, float]:
    """Seconds of a processor so far: of the kernels, the server, and those who ask."""

    def of(processes: list[psutil.Process]) -> float:
        total = 0.0
        for each in processes:
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()
                total += times.user + times.system
        return total

    own = psutil.Process()
    browsers = [each for each in own.children(recursive=True) if "chrom" in each.name()]
    return {
        "kernels": of(kernels_of(server)),
        "server": of([server]),
        "websocket clients": of([own]),
        "Chromium": of(browsers),
    }


def free_gb() -> float:
    return psutil.virtual_memory().available / 1e9


def in_chromium(base: str, token: str, count: int, ready: Any, done: Any) -> list[float]:
    """Some seats in real browsers; seconds of their depth steps, up to what is drawn."""
    from conftest import CHROMIUM_ARGUMENTS, find_chromium
    from playwright.sync_api import sync_playwright

    seconds: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        pages = []
        for _ in range(count):
            page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
            page.set_default_timeout(1000 * PATIENCE)
            page.goto(f"{base}/?token={token}")
            page.wait_for_selector('.unet-explorer[data-kernel="answers"] [data-step="head"]')
            pages.append(page)
        ready.set()
        for _ in range(3):
            for page in pages:
                seconds += page.evaluate(KNOB, ["depth", [4, 2, 3], 3, 500])
        done.wait(PATIENCE)
        browser.close()
    return seconds


async def seats_of(base: str, token: str, count: int, least: float) -> tuple[list[Seat], list[float]]:
    seats, seconds, gate = [], [], asyncio.Semaphore(OPENING)

    async def one() -> None:
        async with gate:
            if free_gb() < least:
                return
            seat, start = Seat(base, token), time.perf_counter()
            await seat.open()
            seconds.append(time.perf_counter() - start)
            seats.append(seat)

    await asyncio.gather(*(one() for _ in range(count)))
    return seats, seconds


async def learning(seats: list[Seat], server: psutil.Process, least: float, limit: float) -> dict[str, Any]:
    """All press Start together; how it goes until all are done, or the time is up."""
    start, lowest, most_waiting, finished = time.perf_counter(), free_gb(), 0, 0
    await asyncio.gather(*(seat.start_training() for seat in seats))
    while time.perf_counter() - start < limit and free_gb() > least:
        states = [seat.state for seat in seats]
        lowest = min(lowest, free_gb())
        most_waiting = max(most_waiting, states.count("waiting"))
        finished = states.count("finished")
        if finished == len(seats):
            break
        await asyncio.sleep(0.5)
    states = [seat.state for seat in seats]
    return {
        "seconds": time.perf_counter() - start,
        "lowest": lowest,
        "waiting": most_waiting,
        "states": {state: states.count(state) for state in sorted(set(states))},
        "kernels": len(kernels_of(server)),
    }


async def run(options: argparse.Namespace, base: str, token: str, server: psutil.Process) -> None:
    import threading

    rows: list[tuple[str, object, str, bool | None]] = []
    ready, done, browsed = threading.Event(), threading.Event(), []
    with_browsers = options.browsers > 0
    if with_browsers:
        work = asyncio.get_running_loop().run_in_executor(None, in_chromium, base, token, options.browsers, ready, done)
        await asyncio.get_running_loop().run_in_executor(None, ready.wait, PATIENCE)
    seats, opened = await seats_of(base, token, options.seats, options.least)
    await asyncio.sleep(2)
    rows.append((f"{len(seats)} seats opened, {OPENING} at once", Timing.of(opened), "", None))
    kernels = kernels_of(server)
    # Own pages and a share of what several have in common; what the kernel itself would give back first is not counted.
    held = [each.memory_full_info() for each in kernels]
    pss = statistics.mean(each.pss for each in held) / 1e6
    rows.append(("memory of an idle seat (PSS)", f"{pss:.0f} MB", "≤ 80 MB", pss <= 80))
    rows.append(("  resident (RSS)", f"{statistics.mean(each.rss for each in held) / 1e6:.0f} MB", "", None))
    rows.append(("  the server itself", f"{server.memory_info().rss / 1e6:.0f} MB", "", None))
    chance = random.Random(0)
    before, began = spent(server), time.perf_counter()
    await asyncio.gather(*(seat.learn_by_hand(chance, options.every) for seat in seats))
    lasted = time.perf_counter() - began
    shares = {who: (after - before[who]) / lasted for who, after in spent(server).items()}
    steps = Timing.of([each for seat in seats for each in seat.steps])
    rows.append((f"a depth step, each seat every {options.every:g} s", steps, "p95 ≤ 100 ms", steps.p95 <= 0.1))
    rows.append(("  processors at work", ", ".join(f"{who} {share:.2f}" for who, share in shares.items()), "", None))
    burst = Timing.of(list(await asyncio.gather(*(seat.depth_step() for seat in seats))))
    rows.append(("a depth step of all in the same moment", burst, "", None))
    if with_browsers:
        done.set()
        browsed = await asyncio.wait_for(work, PATIENCE)
        rows.append((f"  in {options.browsers} Chromiums, up to what is drawn", Timing.of(browsed), "", None))
    lost = sum(seat.lost for seat in seats)
    rows.append(("answers lost", lost, "0", lost == 0))
    for count in options.learn:
        some, seats = seats[:count], seats[count:]
        if len(some) < count or free_gb() < options.least:
            rows.append((f"{count} press Start together", "not tried: too few seats, or too little memory", "", None))
            break
        told = await learning(some, server, options.least, options.seconds)
        words = f"{told['seconds']:.0f} s, {told['states']}, up to {told['waiting']} waited"
        alive = told["kernels"]
        rows.append((f"{count} press Start together", words, "no seat lost", alive >= len(some)))
        rows.append(("  memory left at least", f"{told['lowest']:.1f} GB", "", None))
        for seat in some:
            seat.line.close()
    table(rows)
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; {free_gb():.1f} GB free")


def main() -> None:
    """Serve, measure, and clean up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seats", type=int, default=10)
    parser.add_argument("--browsers", type=int, default=5)
    parser.add_argument("--learn", type=int, nargs="*", default=[5])
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two depth steps of a seat")
    parser.add_argument("--least", type=float, default=4.0, help="GB that must stay free")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long a training of all may take")
    options = parser.parse_args()
    port, place, token = free_port(), Path(tempfile.mkdtemp(prefix="seats-")), uuid.uuid4().hex
    environment = {**os.environ, "JUPYTER_TOKEN": token, "UNET_EXPLORER_STATE": str(place / "state")}
    environment.pop("UNET_EXPLORER_PLACES", None)
    command = [
        sys.executable,
        "-P",
        "-m",
        "unet_explorer",
        "--app",
        "--no-browser",
        "--port",
        str(port),
        "--grace",
        "20",
    ]
    process = subprocess.Popen(command, env=environment, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    AsyncHTTPClient.configure("tornado.simple_httpclient.SimpleAsyncHTTPClient", max_clients=200)
    try:
        asyncio.run(run(options, f"http://127.0.0.1:{port}", token, psutil.Process(process.pid)))
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
