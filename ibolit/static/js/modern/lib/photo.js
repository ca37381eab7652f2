import * as fileTypes from './file-types.js';

// Makes a photo of a phone smaller before it is sent: at most 2560 px, about a fifth of the bytes.
const LONGEST = 2560, QUALITY = 0.85, SLIMMEST = 3;
// Where drawing ignores how the phone was held, the copy would lie on its side.
const standsUpright = Boolean(window.CSS && CSS.supports && CSS.supports('image-orientation', 'from-image'));

// No PNG: those are screens and scans, whose messages would blur; no GIF: it moves.
export function mayShrink(file) {
  return standsUpright && (/^image\/(jpeg|webp|heic|heif)$/.test(file.type) || /\.(jpe?g|webp|heic|heif)$/i.test(file.name));
}

function decode(url) {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = failed;
    image.src = url;
  });
}

function draw(image, scale) {
  const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
  canvas.width = Math.round(image.naturalWidth * scale);
  canvas.height = Math.round(image.naturalHeight * scale);
  pen.imageSmoothingQuality = 'high';
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => { canvas.toBlob(done, 'image/jpeg', QUALITY); });
}

// The file itself when it is small enough, is a long strip of text, or cannot be opened here (HEIC outside Safari).
export async function shrink(file) {
  if (!mayShrink(file)) return file;
  const url = URL.createObjectURL(file);
  try {
    if (fileTypes.isMovingWebp(new Uint8Array(await new Response(file.slice(0, 21)).arrayBuffer()))) return file;
    const image = await decode(url), sides = [image.naturalWidth, image.naturalHeight];
    const longest = Math.max(...sides);
    if (longest <= LONGEST || longest > SLIMMEST * Math.min(...sides)) return file;
    const smaller = await draw(image, LONGEST / longest);
    if (!smaller || smaller.type !== 'image/jpeg' || smaller.size >= file.size) return file;
    return new File([smaller], file.name.replace(/(\.\w{1,5})?$/, '.jpg'), { type: 'image/jpeg' });
  } catch (error) {
    return file;
  } finally {
    URL.revokeObjectURL(url);
  }
}
