"""The parts of a call that know no page, in a real Chromium: negotiation over a bad wire, decisions, words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_clinic import ROOT
from playwright.sync_api import Browser, Page

from ibolit.script_modules import joined_text

pytestmark = pytest.mark.journey

MODERN = ROOT / "ibolit" / "static" / "js" / "modern"
PARTS = "".join(
    f"import {names} from './lib/{name}.js';\n"
    for names, name in (
        ("{ Peer }", "peer"),
        ("{ Signaling }", "signaling"),
        ("* as quality", "quality"),
        ("* as devices", "devices"),
        ("* as sockets", "sockets"),
    )
)

# Two sides in one page and the wire between them: every word is late by its own time, so they overtake each other, and
# many come twice.
WIRE = """
class Two {
  constructor(patience) {
    this.sides = [true, false].map((leads) => new Peer({ leads, ice: {}, wantsVideo: false, timeouts: patience }));
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
    return this.sides.every((side) => side.state === 'connected' && !side.unanswered && !side.wish) &&
      this.sides.every((side) => side.pc.signalingState === 'stable') &&
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
    return JSON.stringify(this.sides.map((side) => [side.state, side.attempt, side.base, Boolean(side.unanswered),
      side.pc && side.pc.signalingState, side.pc && side.pc.iceConnectionState]));
  }

  close() { this.sides.forEach((side) => side.close()); }
}
"""


@pytest.fixture(scope="module")
def lab(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.set_default_timeout(60_000)
    page.add_script_tag(content=joined_text(PARTS, MODERN))
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


def test_lost_word_is_repeated_and_a_new_connection_found(lab: Page) -> None:
    told = lab.evaluate("""async () => {
        const two = new Two({ repeat: 200 }), track = Two.track();
        two.isCut = true;
        two.sides.forEach((side) => side.start({ audio: track }));
        await two.until(() => two.said.offer > 1 && two.said['want-offer'] > 1);
        two.isCut = false;
        await two.until(() => two.isAtRest());
        const first = two.sides[0].base;
        // One of them has to begin anew, the other does not know it.
        two.sides[1].reset();
        two.sides[1].start({ audio: track });
        await two.until(() => two.isAtRest() && two.sides[0].base > first);
        const second = two.sides[0].base;
        two.sides[0].reset();
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


def test_reset_at_any_moment_allows_a_new_connection(lab: Page) -> None:
    """A closed connection answers no more: nothing may wait for it."""
    count = lab.evaluate("""async () => {
        const two = new Two({ repeat: 200 }), track = Two.track();
        let count = 0;
        two.sides.forEach((side) => side.start({ audio: track }));
        for (let run = 0; run < 30; run += 1) {
            const side = two.sides[run % 2];
            await new Promise((done) => setTimeout(done, Math.random() * 60));
            side.reset();
            side.start({ audio: track });
            if (run % 3) continue;
            await two.until(() => two.isAtRest());
            count += 1;
        }
        two.close();
        return count;
    }""")
    assert count == 10


def test_a_microphone_that_comes_later_is_heard(lab: Page) -> None:
    heard = lab.evaluate("""async () => {
        const two = new Two({ repeat: 200 }), heard = [0, 0];
        two.sides.forEach((side, i) => side.on('stream', () => { heard[i] += 1; }));
        two.sides.forEach((side) => side.start({ audio: null }));
        await two.until(() => two.sides.every((side) => side.attempt && side.pc.signalingState === 'stable'));
        two.sides[1].setTrack('audio', Two.track());
        await two.until(() => two.isAtRest() && heard[0] > 0);
        two.sides[0].setTrack('audio', Two.track());
        await two.until(() => two.isAtRest() && heard[1] > 0);
        two.close();
        return heard.every(Boolean);
    }""")
    assert heard


def test_old_engines_are_spared_a_line_they_refuse(lab: Page) -> None:
    told = lab.evaluate("""async () => {
        const theirs = RTCPeerConnection.prototype, take = theirs.setRemoteDescription, two = new Two({ repeat: 300 });
        let isOffered = false;
        theirs.setRemoteDescription = function (said) {  // as Chrome 64 does
            if (said.sdp.includes('extmap-allow-mixed')) throw new Error('Failed to parse SessionDescription');
            return take.call(this, said);
        };
        try {
            two.sides[0].on('signal', (kind, body) => {
                isOffered = isOffered || JSON.stringify(body).includes('extmap-allow-mixed');
            });
            two.sides.forEach((side) => side.start({ audio: Two.track() }));
            await two.until(() => two.isAtRest());
            return { isOffered, states: two.sides.map((side) => side.state) };
        } finally {
            theirs.setRemoteDescription = take;
            two.close();
        }
    }""")
    assert told == {"isOffered": True, "states": ["connected", "connected"]}


def test_sound_and_picture_of_two_streams_are_joined(lab: Page) -> None:
    """As Chrome 64 sends them: each track in a stream of its own."""
    told = lab.evaluate("""async () => {
        const theirs = RTCPeerConnection.prototype, add = theirs.addTrack, two = new Two({ repeat: 300 });
        theirs.addTrack = function (track) { return add.call(this, track, new MediaStream([track])); };
        try {
            const picture = document.createElement('canvas').captureStream(1).getTracks()[0];
            let stream = null;
            two.sides.forEach((side) => { side.wantsVideo = true; });
            two.sides[0].on('stream', (now) => { stream = now; });
            two.sides[1].start({ audio: Two.track(), video: picture });
            two.sides[0].start({ audio: Two.track() });
            await two.until(() => two.isAtRest());
            return stream.getTracks().map((track) => track.kind).sort();
        } finally {
            theirs.addTrack = add;
            two.close();
        }
    }""")
    assert told == ["audio", "video"]


def test_a_relay_that_an_engine_refuses_is_not_reached(lab: Page) -> None:
    told = lab.evaluate("""async () => {
        const Real = window.RTCPeerConnection;
        window.RTCPeerConnection = class { constructor() { throw new SyntaxError('uses a port that is blocked'); } };
        try {
            return await devices.reach({ iceServers: [{ urls: ['turn:relay:9'], username: 'a', credential: 'b' }] });
        } finally {
            window.RTCPeerConnection = Real;
        }
    }""")
    assert told == "unreachable"


def test_sample_between_two_looks(lab: Page) -> None:
    sample = lab.evaluate("""() => {
        const look = (at, sent, got, lost, packets, frames) => quality.numbers(new Map([
            ['in', { id: 'in', type: 'inbound-rtp', timestamp: at, bytesReceived: got, packetsLost: lost,
                packetsReceived: packets, framesDecoded: frames }],
            ['out', { id: 'out', type: 'outbound-rtp', timestamp: at, bytesSent: sent }],
            ['pair', { id: 'pair', type: 'candidate-pair', nominated: true, state: 'succeeded', timestamp: at,
                localCandidateId: 'l', remoteCandidateId: 'r', currentRoundTripTime: 0.2,
                availableOutgoingBitrate: 300000 }],
            ['l', { id: 'l', type: 'local-candidate', candidateType: 'relay', timestamp: at }],
            ['r', { id: 'r', type: 'remote-candidate', candidateType: 'host', timestamp: at }]
        ]));
        const before = look(1000, 0, 0, 0, 0, 0), now = look(3000, 25000, 50000, 5, 95, 40);
        return [now.path, quality.sample(before, now, 0.07)];
    }""")
    seen = {
        "loss": 0.07,
        "rtt": 0.2,
        "room": 300000,
        "heard": 0.05,
        "outgoing": 100000,
        "incoming": 200000,
        "frames": 40,
    }
    assert sample == ["relay", seen | {"isSilent": False}]


def test_camera_itself_is_asked_where_senders_take_no_parameters(lab: Page) -> None:
    told = lab.evaluate("""async () => {
        const told = [], track = { enabled: true };
        track.applyConstraints = async (wanted) => { told.push(wanted.height.ideal); };
        await quality.apply({}, track, 1);
        await quality.apply({}, track, quality.OFF);
        return [told, track.enabled];
    }""")
    assert told == [[240], False]


@pytest.mark.parametrize(
    ("agent", "app", "system"),
    [
        ("Mozilla/5.0 (Linux; Android 13; K) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36", "", "android"),
        (
            "Mozilla/5.0 (Linux; Android 10; wv) AppleWebKit/537.36 Version/4.0 Chrome/120",
            "другого приложения",
            "android",
        ),
        ("Mozilla/5.0 (Linux; Android 12; wv) Chrome/119 Mobile Safari/537.36 VKAndroidApp/8.50", "VK", "android"),
        ("Mozilla/5.0 (Linux; Android 12) Chrome/119 Mobile Safari/537.36 YaApp_Android/23.1", "Яндекс", "android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605 Version/16.0 Mobile/15E Safari/604",
            "",
            "ios",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605 Mobile/15E Instagram 300",
            "Instagram",
            "ios",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605 Mobile/15E",
            "другого приложения",
            "ios",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "", "desktop"),
    ],
)
def test_windows_inside_other_apps_are_known(lab: Page, agent: str, app: str, system: str) -> None:
    assert lab.evaluate("agent => [devices.inApp(agent, false), devices.platform(agent)]", agent) == [app, system]


def test_socket_comes_back_as_the_same_page_and_hears_nothing_twice(lab: Page) -> None:
    told = lab.evaluate("""async () => {
        const sockets = [], told = [];
        const signaling = new Signaling('/x', (address) => {
            const socket = { address, readyState: 1, sent: [] };
            socket.close = () => { socket.isClosed = true; };
            socket.send = (words) => socket.sent.push(JSON.parse(words).n);
            sockets.push(socket);
            return socket;
        });
        const say = (word) => sockets[sockets.length - 1].onmessage({ data: JSON.stringify(word) });
        ['welcome', 'offer', 'taken-over', 'ended'].forEach((kind) => signaling.on(kind, () => told.push(kind)));
        say({ kind: 'welcome', body: {} });
        signaling.send('want-offer', {});
        say({ kind: 'offer', body: {}, page: 'p', n: 1 });
        say({ kind: 'offer', body: {}, page: 'p', n: 1 });
        sockets[0].onclose({ code: 1006 });
        const pause = () => new Promise((done) => setTimeout(done, 5));
        for (let look = 0; look < 2000 && sockets.length < 2; look += 1) await pause();
        say({ kind: 'welcome', body: {} });
        say({ kind: 'offer', body: {}, page: 'p', n: 1 });
        say({ kind: 'offer', body: {}, page: 'q', n: 1 });
        signaling.send('want-offer', {});
        signaling.renew();
        const isClosed = sockets[1].isClosed;
        sockets[2].onclose({ code: 4008 });
        signaling.renew();
        return { told, isClosed, count: sockets.length, pages: new Set(sockets.map((one) => one.address)).size,
            sent: sockets.map((one) => one.sent) };
    }""")
    assert told == {
        "told": ["welcome", "offer", "welcome", "offer", "taken-over"],
        "isClosed": True, "count": 3, "pages": 1, "sent": [[1], [2], []],
    }  # fmt: skip


def test_line_that_says_nothing_is_given_up(lab: Page) -> None:
    """Cut without a word, as by a tunnel: it is asked whether anybody is there, then another one is tried."""
    told = lab.evaluate("""() => {
        const sockets = [], told = [], { now } = Date;
        let moment = now();
        Date.now = () => moment;
        const signaling = new Signaling('/x', () => {
            const socket = { readyState: 1, asked: 0, close: () => {} };
            socket.send = () => { socket.asked += 1; };
            sockets.push(socket);
            return socket;
        });
        signaling.on('closed', () => told.push('closed'));
        const hear = (kind) => sockets[0].onmessage({ data: JSON.stringify({ kind, body: {} }) });
        const pass = (time) => { moment += time; signaling.beat(); };
        hear('welcome');
        for (let turn = 0; turn < 10; turn += 1) { pass(Signaling.SILENCE - 1); hear('here'); }
        const kept = sockets.length;
        pass(Signaling.SILENCE);
        signaling.close();
        Date.now = now;
        return { kept, told, asked: sockets[0].asked, lines: sockets.length };
    }""")
    assert told == {"kept": 1, "told": ["closed"], "asked": 10, "lines": 2}
