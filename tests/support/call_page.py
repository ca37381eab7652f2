"""What people do in a call, and what only the engine itself can tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from chat_page import backstage
from factories import propose
from link import Link, linked
from live_clinic import LiveClinic
from playwright.sync_api import Locator, Page, Playwright, expect
from screens import DESKTOP, PHONE, sign_in

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationKind, ConsultationState
from ibolit.models.consultations import UPCOMING
from ibolit.services import clock

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"  # of chat 1

# A microphone that beeps, and two cameras.
FAKE_MEDIA = ("--use-fake-device-for-media-stream=device-count=2", "--use-fake-ui-for-media-stream")
# The same with five pictures a second: where no link is measured, painting and coding four times as many tells no more.
SELDOM_MEDIA = (f"{FAKE_MEDIA[0]},fps=5", *FAKE_MEDIA[1:])

ANDROID = "Mozilla/5.0 (Linux; Android 13; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36"

# Remembers what was asked for, and refuses what the test says; `trouble` may differ for sound and picture.
WATCHED_MEDIA = """
    window.asked = []; window.refused = REFUSED;
    const media = navigator.mediaDevices, open = media.getUserMedia.bind(media);
    media.getUserMedia = (wanted) => {
        window.asked.push(wanted);
        const kind = window.refused.find((one) => wanted[one]), trouble = window.trouble || 'NotAllowedError';
        return kind ? Promise.reject(new DOMException('', trouble[kind] || trouble)) : open(wanted);
    };
"""

# What a person has seen and heard so far. A player that stands still goes on counting packets, so it is the elements
# themselves that are asked: whether they play, how long they have, and what they paint. The energy of the sound is the
# engine's own word, for nobody listens at a loudspeaker.
HEARD = """async call => {
    const session = call.call, told = { energy: 0, path: '', own: null, remote: null };
    const look = (video) => {
        const canvas = document.createElement('canvas'), painter = canvas.getContext('2d');
        Object.assign(canvas, { width: 32, height: 24 });
        if (video.videoWidth) painter.drawImage(video, 0, 0, 32, 24);
        return { plays: !video.paused && !video.ended, at: video.currentTime, isMute: video.muted,
            paint: Array.from(painter.getImageData(0, 0, 32, 24).data) };
    };
    if (!session || !session.peer || !session.peer.pc) return told;
    told.remote = look(session.remote);
    if (!call.querySelector('.call__own').hidden) told.own = look(call.querySelector('.call__mirror'));
    const stats = await session.peer.stats(), all = new Map();
    stats.forEach(one => all.set(one.id, one));
    stats.forEach(one => {
        if (one.type === 'inbound-rtp' && one.kind === 'audio') told.energy += one.totalAudioEnergy || 0;
        if (one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded') {
            const ends = [one.localCandidateId, one.remoteCandidateId];
            told.path = ends.map(id => (all.get(id) || {}).candidateType).join(' ');
        }
    });
    return told;
}"""
# In the page itself until it is so: Playwright's own waiting takes a promise for a yes. What is still missing else.
GROWS = f"""async ([selector, wantsVideo, most]) => {{
    const call = document.querySelector(selector), heard = {HEARD}, until = performance.now() + most;
    const plays = (was, is) => is && is.plays && (!was || is.at > was.at);
    const moves = (was, is) => is && (!was || was.paint.some((value, i) => Math.abs(value - is.paint[i]) > 24));
    const before = await heard(call);
    for (;;) {{
        await new Promise((done) => setTimeout(done, 100));
        const now = await heard(call), isOwn = Boolean(now.own), lacks = Object.entries({{
            sound: now.energy > before.energy,
            'their player': plays(before.remote, now.remote) && !now.remote.isMute,
            'their picture': !wantsVideo || moves(before.remote, now.remote),
            'own player': !isOwn || plays(before.own, now.own),
            'own picture': !isOwn || moves(before.own, now.own)
        }}).filter(([name, is]) => !is).map(([name]) => name);
        if (!lacks.length || performance.now() > until) return lacks;
    }}
}}"""
# The middle of the other side's picture has this colour; the colour it has else.
PAINTS = """async ([rgb, most]) => {
    const video = document.querySelector('#call').call.remote, canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d'), until = performance.now() + most;
    Object.assign(canvas, { width: 32, height: 32 });
    for (;;) {
        pen.drawImage(video, 0, 0, 32, 32);
        const now = Array.from(pen.getImageData(16, 16, 1, 1).data).slice(0, 3);
        if (rgb.every((one, i) => Math.abs(one - now[i]) < 50)) return null;
        if (performance.now() > until) return now;
        await new Promise((done) => setTimeout(done, 100));
    }
}"""


def agree(live: LiveClinic, kind: ConsultationKind = ConsultationKind.VIDEO, *, begun: bool = True) -> int:
    """A consultation of chat 1 whose time has come; both are in it already, or have yet to say that they are ready."""
    with backstage(live):
        chat = db.session.get_one(Chat, 1)
        earlier = Consultation.doctor_id == chat.doctor_id, Consultation.state.in_(UPCOMING)
        db.session.execute(db.update(Consultation).where(*earlier).values(state=ConsultationState.COMPLETED))
        consultation = propose(chat, starts_at=clock.now() + timedelta(minutes=5), kind=kind)
        consultation.confirm(consultation.patient, consultation.starts_at)
        if begun:
            consultation.mark_ready(consultation.patient)
            consultation.mark_ready(consultation.doctor.user)
        return consultation.id


def enter(page: Page, id: int) -> Page:
    page.goto(f"/consultations/{id}/call")
    return page


@contextmanager
def call_over_a_link(playwright: Playwright, live: LiveClinic, folder: Path) -> Iterator[tuple[Link, Page, Page]]:
    """Patient and doctor see and hear each other, each in a browser whose only way to the other is the link."""
    id, pages = agree(live), []
    with linked(live.port) as link, ExitStack() as browsers:
        for side, login, size in zip(link.sides, (PATIENT, DOCTOR), (PHONE, DESKTOP), strict=True):
            path, args = side.browser(folder), ["--no-sandbox", *FAKE_MEDIA]
            browser = browsers.enter_context(playwright.chromium.launch(executable_path=path, args=args))
            page = browser.new_page(base_url=live.url, viewport=size, locale="ru-RU")
            sign_in(page, login)
            pages.append(enter(page, id))
        patient, doctor = pages
        connected(patient, doctor)
        flows(patient)
        flows(doctor)
        yield link, patient, doctor


def call(page: Page) -> Any:
    return page.locator("#call")


def part(page: Page, name: str) -> Locator:
    return page.locator(f"[data-part={name}]")


def heard(page: Page) -> dict[str, Any]:
    told: dict[str, Any] = call(page).evaluate(HEARD)
    return told


def flows(page: Page, *, video: bool = True, timeout: float = 15_000) -> None:
    """Both pictures play and move, and new sound is heard; `video`: the other side's picture moves, too."""
    lacks = page.evaluate(GROWS, ["#call", video, timeout])
    assert not lacks, f"still missing: {lacks}"


def paints(page: Page, colour: tuple[int, int, int], timeout: float = 15_000) -> None:
    """The other side's picture has this colour in its middle."""
    found = page.evaluate(PAINTS, [list(colour), timeout])
    assert found is None, f"not {colour} but {found}"


def connected(*pages: Page) -> None:
    for page in pages:
        expect(call(page)).to_have_attribute("data-state", "connected")


def press(page: Page, action: str) -> None:
    page.locator(f"[data-do={action}]:visible").click()
