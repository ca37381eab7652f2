// What stands in the way of a call, said with what to press on this phone, and the way out of another app's window.
import * as devices from '../lib/devices.js';

// What is wrong with a device, with what to press on this phone.
export function showTrouble(parts, { title, steps }) {
  const list = parts.get('trouble-steps');
  parts.say('trouble-title', title);
  list.textContent = '';
  steps.forEach((step) => { list.appendChild(document.createElement('li')).textContent = step; });
  parts.show('trouble', true);
}

// A window inside another app often may not use the microphone: there is a way out of it, and a link to carry.
export function showInApp(parts) {
  const agent = navigator.userAgent, name = devices.inApp(agent, navigator.standalone);
  if (!name) return '';
  const link = parts.get('browser-link'), here = location.href.split('#')[0];
  if (devices.platform(agent) === 'android') {
    link.href = `intent://${here.replace(/^https?:\/\//, '')}#Intent;scheme=${location.protocol.slice(0, -1)};action=android.intent.action.VIEW;end`;
    link.hidden = false;
  }
  parts.show('browser', true);
  parts.on('copy', async () => {
    const [button] = parts.buttons('copy');
    button.textContent = (await copied(here)) ? 'Ссылка скопирована' : here;
  });
  return name;
}

async function copied(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch (error) {
    const field = document.createElement('textarea');
    field.value = words;
    document.body.appendChild(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}
