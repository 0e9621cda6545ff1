// The player page: what is on air, as soon as it is on air.

import { Controls } from './controls.js';
import { Director } from './director.js';
import { ServerEvents } from './events.js';
import { Stage } from './stage.js';
import { translate } from './words.js';

translate(document);

const stage = new Stage(document.getElementById('a'), document.getElementById('b'));
const asked = new URLSearchParams(location.search).get('engine');
const forced = ['ts', 'hls', 'native'].includes(asked) ? asked : null;

let controls = null;
let events = null;
const director = new Director(stage, forced, {
  changed: () => controls?.render(),
  renew: () => events?.renew(),
  blocked: (attempt) => {
    if (stage.muted) director.pause();
    else {
      controls.silenced();
      attempt.play();
    }
  },
});
controls = new Controls(stage, director);
events = new ServerEvents((state) => director.update(state), (up) => director.link(up));

document.addEventListener('visibilitychange', () => document.hidden || director.wake());
addEventListener('online', () => director.wake());
addEventListener('offline', () => controls.render());

/** For tests and the curious; nothing here changes anything. */
Object.defineProperty(globalThis, 'relaisPlayer', {
  value: Object.freeze({
    get engine() {
      return director.front?.kind ?? director.engine;
    },
    get state() {
      return director.state;
    },
    stats: () => director.stats(),
  }),
});
