// What may be attached, told before a byte is sent. The content decides later, at the server; here only what is hopeless
// by its name is refused. DICOM files often have no ending, or end with a number.
const ENDINGS = {
  image: 'jpg jpeg jfif png webp gif heic heif',
  video: 'mp4 m4v mov',
  music: 'mp3 m4a aac ogg oga opus wav webm weba',
  'file-text': 'pdf doc docx txt rtf odt',
  'file-table': 'xls xlsx',
  'file-archive': 'zip',
  scan: 'dcm dicom dic'
};

function ending(name) {
  const found = /\.([a-z][a-z0-9]{0,5})$/i.exec(name);
  return found ? found[1].toLowerCase() : '';
}

export function icon(name) {
  const own = ending(name);
  return Object.keys(ENDINGS).find((one) => ENDINGS[one].split(' ').includes(own)) || 'file';
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes}\u00a0Б`;
  if (bytes < 1000 * 1024) return `${Math.ceil(bytes / 1024)}\u00a0КБ`;
  return `${(bytes / 1048576).toFixed(1).replace(/\.0$/, '').replace('.', ',')}\u00a0МБ`;
}

// A sentence, or '' when nothing speaks against it. A photo that is too large may still be made smaller.
export function refusal(file, most, maySmall) {
  if (!file.size) return `«${file.name}»: файл пустой.`;
  if (ending(file.name) && icon(file.name) === 'file') {
    return `«${file.name}»: такие файлы здесь не открыть. Подойдут фото, PDF, Word, Excel, текст, ZIP, звук и видео.`;
  }
  if (file.size > most && !maySmall) {
    return `«${file.name}»: ${size(file.size)} – больше ${size(most)}. Сожмите файл или отправьте по частям.`;
  }
  return '';
}
