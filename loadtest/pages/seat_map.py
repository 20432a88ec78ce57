"""Benchmark of the seat map in Chromium: frames a second as it moves, and a tap until it is drawn.

The peer is an empty page's frames a second in the same browser: on a machine without a graphics
card, and beside servers on two cores, that is the ceiling.
"""

from typing import Any, NamedTuple

import httpx
from playwright.async_api import Browser, Page, expect

from loadtest.environment import running_demo
from loadtest.reporting import report
from tests.browser.chromium import browser
from tests.browser.pages import ask_map, part, phase

ROWS, SEATS, SECTIONS = 50, 100, 10  # 50,000 seats
FRAMES = """async (act) => {
  const map = document.getElementById("map");
  const box = map?.getBoundingClientRect();
  const [x, y] = box ? [box.left + box.width / 2, box.top + box.height / 2] : [0, 0];
  const point = (type, dx, dy) => map.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, button: 0, buttons: 1, isPrimary: true, bubbles: true, pointerType: "mouse",
    clientX: x + dx, clientY: y + dy }));
  const acts = {
    nothing: () => undefined,
    drag: (n) => point("pointermove", Math.sin(n * 0.15) * 120, Math.cos(n * 0.1) * 120),
    wheel: (n) => map.dispatchEvent(new WheelEvent("wheel", { deltaY: Math.sin(n * 0.1) * 40,
      clientX: x, clientY: y, bubbles: true, cancelable: true })),
  };
  if (act === "drag") {
    map.setPointerCapture = () => {}; // of a pointer that no finger holds
    point("pointerdown", 0, 0);
  }
  const began = performance.now();
  let frames = 0;
  await new Promise((done) => {
    const step = () => {
      acts[act](frames++);
      if (performance.now() - began < 3000) requestAnimationFrame(step);
      else done();
    };
    requestAnimationFrame(step);
  });
  if (act === "drag") point("pointerup", 0, 0);
  return (frames * 1000) / (performance.now() - began);
}"""
TAP = """async ({ x, y }) => {
  const map = document.getElementById("map");
  map.setPointerCapture = () => {};
  const began = performance.now();
  for (const type of ["pointerdown", "pointerup"])
    map.dispatchEvent(new PointerEvent(type, { pointerId: 1, button: 0, isPrimary: true,
      clientX: x, clientY: y, bubbles: true, pointerType: "mouse" }));
  await new Promise((done) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = done;
    port2.postMessage(0);
  }));
  return performance.now() - began;
}"""
JOINED = """() => {
  const began = performance.now();
  return new Promise((done) => {
    const look = () => {
      const canvas = document.querySelector("#map canvas");
      if (canvas && canvas.height > 150 && canvas.offsetParent) done(performance.now() - began);
      else requestAnimationFrame(look);
    };
    document.getElementById("join").click();
    look();
  });
}"""


class Screen(NamedTuple):
    """Window of a device, and by how much its CPU is slower than the machine's."""

    width: int
    height: int
    scale: int
    slower: int


SCREENS = {"desktop": Screen(1440, 900, 1, 1), "phone": Screen(390, 844, 2, 4)}


async def seat_map() -> None:
    """Measure a house of 50,000 seats on a desktop, and on a phone with a quarter of the CPU."""
    async with running_demo() as demo, httpx.AsyncClient(base_url=demo.base, timeout=60) as client:
        await demo.operator(client)
        (await client.post("/api/v1/admin/events", json=_house())).raise_for_status()
        (await client.post("/api/v1/admin/events/great/open")).raise_for_status()
        async with browser() as started:
            for name, screen in SCREENS.items():
                await _measure(started, demo.base, name, screen)


def _house() -> dict[str, Any]:
    sections = [
        {
            "id": f"block-{n}", "show": "evening", "name": f"Block {n}", "kind": "seated",
            "rows": [{"name": f"R{row}", "seats": SEATS} for row in range(1, ROWS + 1)],
            "price": {"amount": 3000 + 1000 * n, "currency": "EUR"},
        }
        for n in range(1, SECTIONS + 1)
    ]  # fmt: skip
    shows = [{"id": "evening", "starts_at": "2030-01-01T19:00:00Z"}]
    return {"id": "great", "name": "Great", "shows": shows, "sections": sections}


async def _measure(started: Browser, base: str, name: str, screen: Screen) -> None:
    context = await started.new_context(
        viewport={"width": screen.width, "height": screen.height},
        device_scale_factor=screen.scale,
    )
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": screen.slower})
    await page.goto("about:blank")
    ceiling = await page.evaluate(FRAMES, "nothing")
    await page.goto(f"{base}/events/great", wait_until="networkidle")  # the script has the button
    await phase(page, "outside")
    first_ms = await page.evaluate(JOINED)
    await expect(part(page, "map").locator("canvas").first).to_be_visible()
    report(f"{name}: join to map", ms=first_ms)
    await _moved(page, f"{name}, house", ceiling)
    seat = await ask_map(page, "block-5.R25-50")
    tap_ms = await page.evaluate(TAP, seat)
    report(f"{name}: tap to paint", ms=tap_ms, ratio=tap_ms / (1000 / ceiling))
    await _moved(page, f"{name}, seats", ceiling)
    await context.close()


async def _moved(page: Page, name: str, ceiling: float) -> None:
    for act in ("drag", "wheel"):
        frames = await page.evaluate(FRAMES, act)
        report(f"{name}: {act}", frames_per_second=frames, ratio=frames / ceiling)
