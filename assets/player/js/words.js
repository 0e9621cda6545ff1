// Every word of the page, in French and English. English where the browser asks for neither.

const french = {
  idle: 'Aucun stream actif',
  idleHint: 'La lecture commencera d’elle-même.',
  live: 'En direct',
  joining: 'Connexion…',
  switching: 'Changement de chaîne…',
  reconnecting: 'Reconnexion…',
  sourceAway: 'La source est interrompue. La lecture reprendra d’elle-même.',
  offline: 'Pas de réseau. La lecture reprendra d’elle-même.',
  unsupported: 'Votre navigateur ne sait pas lire cette chaîne.',
  unsupportedHint: 'Son format vidéo ou audio lui est inconnu. Essayez un autre navigateur, ou VLC.',
  noEngine: 'Votre navigateur ne peut pas lire de vidéo en direct.',
  noEngineHint: 'Mettez-le à jour, ou essayez un autre navigateur.',
  soundOnly: 'Son seul : pas d’image que votre navigateur sache afficher',
  tapForSound: 'Activer le son',
  tapToPlay: 'Lire',
  play: 'Lire',
  pause: 'Pause',
  mute: 'Couper le son',
  unmute: 'Remettre le son',
  volume: 'Volume',
  fullscreen: 'Plein écran',
  leaveFullscreen: 'Quitter le plein écran',
  pip: 'Image dans l’image',
  help: 'Raccourcis clavier',
  close: 'Fermer',
  helpPlay: 'Lecture ou pause',
  helpMute: 'Son',
  helpVolume: 'Volume',
  helpFull: 'Plein écran',
  helpPip: 'Image dans l’image',
  helpHelp: 'Cette aide',
  space: 'Espace',
  viewers: (n) => (n === 1 ? '1 spectateur' : `${n} spectateurs`),
};

const english = {
  idle: 'Nothing on air',
  idleHint: 'Playback will start by itself.',
  live: 'Live',
  joining: 'Connecting…',
  switching: 'Changing channel…',
  reconnecting: 'Reconnecting…',
  sourceAway: 'The source is interrupted. Playback will resume by itself.',
  offline: 'No network. Playback will resume by itself.',
  unsupported: 'Your browser can’t play this channel.',
  unsupportedHint: 'It does not know the channel’s video or audio format. Try another browser, or VLC.',
  noEngine: 'Your browser can’t play live video.',
  noEngineHint: 'Update it, or try another browser.',
  soundOnly: 'Sound only: no picture that your browser can show',
  tapForSound: 'Tap for sound',
  tapToPlay: 'Play',
  play: 'Play',
  pause: 'Pause',
  mute: 'Mute',
  unmute: 'Unmute',
  volume: 'Volume',
  fullscreen: 'Full screen',
  leaveFullscreen: 'Leave full screen',
  pip: 'Picture in picture',
  help: 'Keyboard shortcuts',
  close: 'Close',
  helpPlay: 'Play or pause',
  helpMute: 'Sound',
  helpVolume: 'Volume',
  helpFull: 'Full screen',
  helpPip: 'Picture in picture',
  helpHelp: 'This help',
  space: 'Space',
  viewers: (n) => (n === 1 ? '1 viewer' : `${n} viewers`),
};

const wanted = (navigator.languages?.length ? navigator.languages : [navigator.language || 'en'])
  .map((tag) => tag.slice(0, 2).toLowerCase())
  .find((tag) => tag === 'fr' || tag === 'en');

export const language = wanted ?? 'en';
export const words = language === 'fr' ? french : english;

/** Fills every element that has data-text or data-label. */
export function translate(root) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll('[data-text]')) element.textContent = words[element.dataset.text];
  for (const element of root.querySelectorAll('[data-label]')) label(element, words[element.dataset.label]);
}

/** The accessible name and the tooltip of a control. */
export function label(element, text) {
  element.setAttribute('aria-label', text);
  element.title = text;
}
