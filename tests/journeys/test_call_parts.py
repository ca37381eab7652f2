"""The parts of a call that know no page, in a real Chromium: negotiation over a bad wire, the weak link's decisions, words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_clinic import ROOT
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.journey

LIB = ROOT / "ibolit" / "static" / "js" / "modern" / "lib"

# Two sides in one page and the wire between them: every word is late by its own time, so they overtake each other, and
# many come twice.
WIRE = """
class Two {
  constructor(patience) {
    this.sides = [true, false].map((leads) => new Peer({ leads, ice: {}, wantsVideo: false, patience }));
    this.said = { offer: 0, answer: 0, candidate: 0, 'want-offer': 0 };
    this.isCut = false;
    this.sides.forEach((side, i) => side.on('signal', (kind, body) => {
      this.said[kind] += 1;
      if (this.isCut) return;
      const words = JSON.stringify(body), copies = Math.random() < 0.3 ? 2 : 1;
      for (let n = 0; n < copies; n += 1) {
        setTimeout(() => this.sides[1 - i].accept(kind, JSON.parse(words)), Math.random() * 40);
      }
    }));
  }

  static track() {
    const sound = new AudioContext(), out = sound.createMediaStreamDestination(), tone = sound.createOscillator();
    tone.connect(out);
    tone.start();
    return out.stream.getAudioTracks()[0];
  }

  // Connected, agreed on everything, and nobody asks for more.
  isAtRest() {
    const [one, other] = this.sides;
    const ufrags = (description) => (description.sdp.match(/a=ice-ufrag:.*/g) || []).join();
    return this.sides.every((side) => side.state === 'connected' && side.pc.signalingState === 'stable' && !side.unheard && !side.wish) &&
      one.attempt === other.attempt && one.base === other.base &&
      ufrags(one.pc.localDescription) === ufrags(other.pc.remoteDescription) &&
      ufrags(one.pc.remoteDescription) === ufrags(other.pc.localDescription);
  }

  until(what, most = 8000) {
    const began = performance.now();
    return new Promise((done, failed) => {
      const look = () => {
        if (what()) done(performance.now() - began);
        else if (performance.now() - began > most) failed(new Error(this.tell()));
        else setTimeout(look, 5);
      };
      look();
    });
  }

  tell() {
    return JSON.stringify(this.sides.map((side) => [side.state, side.attempt, side.base, side.pc && side.pc.signalingState,
      side.pc && side.pc.iceConnectionState, Boolean(side.unheard)]));
  }

  close() { this.sides.forEach((side) => side.close()); }
}
"""


@pytest.fixture(scope="module")
def lab(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.set_default_timeout(60_000)
    for name in ("teller", "peer", "signaling", "quality", "devices"):
        page.add_script_tag(content=(LIB / f"{name}.js").read_text())
    page.add_script_tag(content=WIRE)
    yield page
    page.close()


def test_both_ask_for_a_restart_over_a_bad_wire_a_hundred_times(lab: Page) -> None:
    """Late, doubled and overtaken words, two restarts at once: always one connection on which both agree."""
    told = lab.evaluate("""async () => {
        const track = Two.track(), told = { runs: 0, ufrags: new Set(), most: 0 };
        for (let pair = 0; pair < 10; pair += 1) {
            const two = new Two({ repeat: 300 });
            two.sides[pair % 2].start({ audio: track });
            two.sides[1 - pair % 2].start({ audio: track });
            await two.until(() => two.isAtRest());
            for (let run = 0; run < 10; run += 1) {
                const before = two.sides[0].attempt;
                two.sides.forEach((side) => side.restart());
                if (run % 3 === 0) two.sides[run % 2].restart();
                told.most = Math.max(told.most, await two.until(() => two.isAtRest() && two.sides[0].attempt > before));
                told.ufrags.add(two.sides[0].pc.localDescription.sdp.match(/a=ice-ufrag:(.*)/)[1]);
                told.runs += 1;
            }
            two.close();
        }
        return { runs: told.runs, ufrags: told.ufrags.size, most: told.most };
    }""")
    assert told["runs"] == told["ufrags"] == 100, told


def test_what_was_lost_is_said_again_and_a_new_beginning_is_found(lab: Page) -> None:
    told = lab.evaluate("""async () => {
        const two = new Two({ repeat: 200 }), track = Two.track();
        two.isCut = true;
        two.sides.forEach((side) => side.start({ audio: track }));
        await two.until(() => two.said.offer > 1 && two.said['want-offer'] > 1);
        two.isCut = false;
        await two.until(() => two.isAtRest());
        const first = two.sides[0].base;
        // One of them has to begin anew, the other does not know it.
        two.sides[1].rest();
        two.sides[1].start({ audio: track });
        await two.until(() => two.isAtRest() && two.sides[0].base > first);
        const second = two.sides[0].base;
        two.sides[0].rest();
        two.sides[0].start({ audio: track });
        await two.until(() => two.isAtRest() && two.sides[0].base > second);
        // The leader asks while nobody hears, and goes on asking.
        two.isCut = true;
        two.sides.forEach((side) => side.restart());
        const before = two.said.offer;
        await two.until(() => two.said.offer > before + 1);
        two.isCut = false;
        await two.until(() => two.isAtRest());
        two.close();
        return two.sides.map((side) => side.state);
    }""")
    assert told == ["new", "new"]


def test_a_microphone_that_comes_later_is_heard(lab: Page) -> None:
    heard = lab.evaluate("""async () => {
        const two = new Two({ repeat: 200 }), heard = [0, 0];
        two.sides.forEach((side, i) => side.on('stream', () => { heard[i] += 1; }));
        two.sides.forEach((side) => side.start({ audio: null }));
        await two.until(() => two.sides.every((side) => side.pc && side.pc.signalingState === 'stable' && side.attempt));
        two.sides[1].put('audio', Two.track());
        await two.until(() => two.isAtRest() && heard[0] > 0);
        two.sides[0].put('audio', Two.track());
        await two.until(() => two.isAtRest() && heard[1] > 0);
        two.close();
        return heard.every(Boolean);
    }""")
    assert heard
