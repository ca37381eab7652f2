// Watches the link and says how much video it carries: voice first. Knows no page.
export const EVERY = 2000; // ms between looks
// From all to nothing; `needs` is bits a second of video and voice together.
export const STEPS = [
  { name: 'full', scale: 1, bitrate: 800000, frames: 30, height: 480, needs: 500000 },
  { name: 'less', scale: 2, bitrate: 250000, frames: 15, height: 240, needs: 200000 },
  { name: 'least', scale: 4, bitrate: 90000, frames: 8, height: 120, needs: 100000 },
  { name: 'off', scale: 4, bitrate: 0, frames: 0, height: 120, needs: 0 }
];
export const OFF = STEPS.length - 1;
// Of a window or a picture in place of the camera: few frames, and all their pixels, or nobody could read the letters.
export const DETAILED = [{ scale: 1, frames: 5 }, { scale: 1, frames: 3 }, { scale: 2, frames: 2 }];
const BAD_IN_A_ROW = 2, GOOD_FOR = 5, GOOD_AT_MOST = 30; // looks: 4 s, 10 s, 60 s
const BACK_AFTER = 5;   // good looks: from the voice alone to the least picture
const NO_HICCUP = 3;    // bad looks in a row
const LEARNING = 4;     // looks after a rise: the engine cannot know the room for what it has not sent yet
const STAYS_FOR = 15;   // looks between two losses of the picture: less would be a flicker

export function fresh() { return { step: 0, bad: 0, good: 0, wanted: GOOD_FOR, sinceRise: Infinity, sinceOff: Infinity }; }

// loss 0…1, rtt in seconds, room in bits a second; each null when the engine does not tell.
function judge({ loss, rtt, room }, step) {
  const short = room !== null && room < STEPS[step].needs;
  if (loss > 0.2 || rtt > 1.5 || (room !== null && room < STEPS[step].needs / 3)) return 'terrible';
  if (loss > 0.08 || rtt > 0.8 || short) return 'bad';
  const rises = room === null || step === 0 || room > STEPS[step - 1].needs * 1.2;
  return loss < 0.03 && rtt < 0.5 && (rises || step === OFF) ? 'good' : 'fair';
}

// One look more: the next state. Down fast, up slowly, and slower each time that going up was a mistake. Only the way out
// of the voice alone stays short, and a hiccup on it costs its own look, not all before it.
export function decide(state, sample) {
  const isLearning = state.sinceRise < LEARNING, seen = judge(isLearning ? Object.assign({}, sample, { room: null }) : sample, state.step);
  const next = Object.assign({}, state, { sinceRise: state.sinceRise + 1, sinceOff: state.sinceOff + 1 });
  const isBad = seen === 'bad' || seen === 'terrible', isOff = state.step === OFF;
  next.bad = isBad ? state.bad + 1 : 0;
  next.good = seen === 'good' ? state.good + 1 : seen === 'fair' || (isOff && next.bad < NO_HICCUP) ? state.good : 0;
  if (!isOff && (next.bad >= BAD_IN_A_ROW || (seen === 'terrible' && state.step < OFF - 1))) return lower(state, next, seen);
  if (state.step > 0 && next.good >= (isOff ? BACK_AFTER : state.wanted)) {
    next.step = state.step - 1;
    next.good = 0;
    next.sinceRise = 0;
  }
  if (next.sinceRise > 30 && next.step === 0) next.wanted = GOOD_FOR;
  return next;
}

function lower(state, next, seen) {
  const lowest = next.sinceOff >= STAYS_FOR ? OFF : OFF - 1;
  next.step = Math.min(lowest, state.step + (seen === 'terrible' && next.bad >= BAD_IN_A_ROW ? 2 : 1));
  if (state.sinceRise <= 10) next.wanted = Math.min(GOOD_AT_MOST, state.wanted * 2);
  if (next.step === OFF) next.sinceOff = 0;
  if (seen !== 'terrible') next.bad = 0;
  next.good = 0;
  return next;
}

export function numbers(report) {
  const now = { at: 0, sent: 0, got: 0, lost: 0, packets: 0, frames: 0, energy: 0, loss: null, rtt: null, room: null, path: 'unknown' };
  const pairs = [], all = new Map();
  report.forEach((one) => {
    all.set(one.id, one);
    now.at = Math.max(now.at, one.timestamp);
    if (one.type === 'inbound-rtp') {
      now.got += one.bytesReceived || 0;
      now.lost += Math.max(0, one.packetsLost || 0);
      now.packets += one.packetsReceived || 0;
      now.frames += one.framesDecoded || 0;
      now.energy += one.totalAudioEnergy || 0;
    } else if (one.type === 'outbound-rtp') now.sent += one.bytesSent || 0;
    else if (one.type === 'remote-inbound-rtp') {
      now.loss = Math.max(now.loss || 0, one.fractionLost || 0);
      if (one.roundTripTime) now.rtt = Math.max(now.rtt || 0, one.roundTripTime);
    } else if (one.type === 'candidate-pair') pairs.push(one);
    else if (one.type === 'transport') now.selected = one.selectedCandidatePairId;
  });
  const pair = all.get(now.selected) || pairs.find((one) => one.selected || (one.nominated && one.state === 'succeeded'));
  if (pair) {
    const ends = [all.get(pair.localCandidateId), all.get(pair.remoteCandidateId)];
    now.rtt = now.rtt === null && pair.currentRoundTripTime !== undefined ? pair.currentRoundTripTime : now.rtt;
    now.room = pair.availableOutgoingBitrate === undefined ? null : pair.availableOutgoingBitrate;
    if (ends.some(Boolean)) now.path = ends.some((one) => one && /^relay/.test(one.candidateType)) ? 'relay' : 'direct';
  }
  return now;
}

// What happened between two looks. `told` is the loss of ours that the other side measured, for engines that do not say.
export function sample(before, now, told) {
  const seconds = Math.max(0.001, (now.at - before.at) / 1000);
  const lost = Math.max(0, now.lost - before.lost), packets = Math.max(0, now.packets - before.packets);
  const heard = packets + lost ? lost / (packets + lost) : 0;
  return {
    loss: now.loss === null ? told || 0 : now.loss,
    rtt: now.rtt,
    room: now.room,
    heard,
    outgoing: 8 * (now.sent - before.sent) / seconds,
    incoming: 8 * (now.got - before.got) / seconds,
    frames: now.frames - before.frames,
    isSilent: packets === 0
  };
}

// Where the engine takes parameters of a sender it costs nothing; else the camera itself is asked for less.
export async function apply(sender, track, step, isDetailed) {
  const { bitrate, height } = STEPS[step], { scale, frames } = (isDetailed && DETAILED[step]) || STEPS[step];
  if (!track) return;
  track.enabled = step < OFF;
  const parameters = sender && sender.getParameters && sender.setParameters ? sender.getParameters() : {};
  const encoding = parameters.encodings && parameters.encodings[0];
  if (encoding) {
    encoding.active = step < OFF;
    if (bitrate) Object.assign(encoding, { maxBitrate: bitrate, scaleResolutionDownBy: scale, maxFramerate: frames });
    await sender.setParameters(parameters);
  } else if (step < OFF && !isDetailed && track.applyConstraints) await track.applyConstraints({ height: { ideal: height }, frameRate: { ideal: frames } });
}
