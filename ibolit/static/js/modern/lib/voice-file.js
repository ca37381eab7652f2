// The name and type of a voice message's file, by what the engine calls the sound.
export function voiceFile(sound) {
  const type = (sound || 'audio/webm').split(';')[0];
  return { name: `voice.${type.includes('mp4') ? 'm4a' : type.includes('ogg') ? 'ogg' : 'webm'}`, type };
}
