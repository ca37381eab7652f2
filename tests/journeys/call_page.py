"""What people do in a call, and what only the engine itself can tell of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chat_page import backstage
from factories import propose
from live_clinic import LiveClinic
from playwright.sync_api import Page, expect

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationState, TalkKind
from ibolit.models.consultation_states import COMING
from ibolit.services import clock

PATIENT, DOCTOR = "+7 900 000-00-01", "8 900 000 01 01"  # of chat 1

# What has come over the wire so far: decoded frames, and the energy of the sound.
HEARD = """async call => {
    const told = { frames: 0, energy: 0, video: false, path: '' };
    const room = call.room;
    if (!room || !room.peer || !room.peer.pc) return told;
    const stats = await room.peer.stats();
    const all = new Map();
    stats.forEach(one => all.set(one.id, one));
    stats.forEach(one => {
        if (one.type === 'inbound-rtp' && one.kind === 'video') told.frames += one.framesDecoded || 0;
        if (one.type === 'inbound-rtp' && one.kind === 'audio') told.energy += one.totalAudioEnergy || 0;
        if (one.type === 'candidate-pair' && one.nominated && one.state === 'succeeded') {
            const ends = [one.localCandidateId, one.remoteCandidateId];
            told.path = ends.map(id => (all.get(id) || {}).candidateType).join(' ');
        }
    });
    told.video = room.remote.videoWidth > 0;
    return told;
}"""
GROWS = f"""async ([selector, before, wantsVideo]) => {{
    const now = await ({HEARD})(document.querySelector(selector));
    return now.energy > before.energy && (!wantsVideo || now.frames > before.frames);
}}"""


def agree(live: LiveClinic, kind: TalkKind = TalkKind.VIDEO, *, begun: bool = True) -> int:
    """A consultation of chat 1 whose time has come; both are in it already, or have yet to say that they are ready."""
    with backstage(live):
        chat = db.session.get_one(Chat, 1)
        earlier = Consultation.doctor_id == chat.doctor_id, Consultation.state.in_(COMING)
        db.session.execute(db.update(Consultation).where(*earlier).values(state=ConsultationState.COMPLETED))
        talk = propose(chat, starts_at=clock.now() + timedelta(minutes=5), kind=kind)
        talk.confirm(talk.patient, talk.starts_at)
        if begun:
            talk.get_ready(talk.patient)
            talk.get_ready(talk.doctor.user)
        return talk.id


def call(page: Page) -> Any:
    return page.locator("#call")


def heard(page: Page) -> dict[str, Any]:
    told: dict[str, Any] = call(page).evaluate(HEARD)
    return told


def flows(page: Page, *, video: bool = True, timeout: float = 15_000) -> None:
    """New frames are decoded, new sound is heard."""
    page.wait_for_function(GROWS, arg=["#call", heard(page), video], timeout=timeout, polling=100)


def connected(*pages: Page) -> None:
    for page in pages:
        expect(call(page)).to_have_attribute("data-state", "connected")


def press(page: Page, deed: str) -> None:
    page.locator(f"[data-do={deed}]:visible").click()
