// What may be attached, told before a byte is sent, by the server's own list of kinds (data-kinds beside the paperclip).
// The content decides later, at the server; here only what is hopeless by its name is refused. An ending that is in no
// list says nothing: DICOM files often have none, or end with a number, and «MRI.Smith» is a name.
let list;

function kinds() {
  const source = list ? null : document.querySelector('[data-kinds]');
  if (source) list = JSON.parse(source.getAttribute('data-kinds'));
  return list || { taken: {}, refused: [] };
}

function ending(name) {
  const found = /\.([a-z0-9]{1,5})$/i.exec(name);
  return found ? found[1].toLowerCase() : '';
}

function has(names, own) {
  return Boolean(own) && names.split(' ').includes(own);
}

export function icon(name) {
  const taken = kinds().taken, own = ending(name);
  return Object.keys(taken).find((one) => has(taken[one], own)) || 'file';
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes}\u00a0Б`;
  if (bytes < 1000 * 1024) return `${Math.ceil(bytes / 1024)}\u00a0КБ`;
  return `${(bytes / 1048576).toFixed(1).replace(/\.0$/, '').replace('.', ',')}\u00a0МБ`;
}

// A sentence, or '' when nothing speaks against it. A photo that is too large may still be made smaller.
export function refusal(file, most, maySmall) {
  if (!file.size) return `«${file.name}»: файл пустой.`;
  const group = kinds().refused.find((one) => has(one[0], ending(file.name)));
  if (group) return `«${file.name}»: ${group[1]}`;
  if (file.size > most && !maySmall) {
    return `«${file.name}»: ${size(file.size)} – больше ${size(most)}. Сожмите файл или отправьте по частям.`;
  }
  return '';
}

// By the flag in the head of an extended WebP (RFC 9649, 2.7); `head`: the file's first 21 bytes.
export function isMovingWebp(head) {
  return String.fromCharCode(...head.subarray(8, 16)) === 'WEBPVP8X' && (head[20] & 2) === 2;
}
