/* Text and style of one line of a log.
   This is JavaScript because every line that scrolls into sight passes here within one frame. */

const TIME = /^\uFEFF?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) ?/;
const MARK = /^##\[(\w+)\]|^\[(command)\]/;
/* A color or style; other sequences (cursor movement, link, title) are removed. */
const ESCAPE = /\x1b(?:\[([\d;:]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
/* Invisible characters, and those that reorder the text of a line. */
const UNSEEN = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/* Split a raw line: {time, kind, text, styles}. A style is [from, to, {bold, colour, …}]. */
export function parseLine(raw) {
  const found = TIME.exec(raw);
  let rest = found ? raw.slice(found[0].length) : raw.replace(/^\uFEFF/, "");
  const mark = MARK.exec(rest);
  const kind = mark ? mark[1] || mark[2] : null;
  if (mark) rest = rest.slice(mark[0].length);
  const { text, styles } = readStyles(rest);
  return { time: found ? found[1] : null, kind, text: text.replace(UNSEEN, picture), styles };
}

/* Replace invisible characters by their pictures (NUL by U+2400) or a placeholder. */
function picture(character) {
  const code = character.charCodeAt(0);
  if (code === 0x7f) return "\u2421";
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
}

function readStyles(text) {
  if (!text.includes("\x1b")) return { text, styles: [] };
  const styles = [];
  let plain = "", style = {}, from = 0, at = 0;
  const close = () => {
    if (plain.length > from && Object.keys(style).length) styles.push([from, plain.length, style]);
    from = plain.length;
  };
  for (const found of text.matchAll(ESCAPE)) {
    plain += text.slice(at, found.index);
    at = found.index + found[0].length;
    if (found[2] === "m") {
      close();
      style = nextStyle(style, found[1]);
    }
  }
  plain += text.slice(at);
  close();
  return { text: plain, styles };
}

const SWITCHES = {
  1: { bold: true }, 2: { dim: true }, 3: { italic: true }, 4: { underline: true },
  22: { bold: false, dim: false }, 23: { italic: false }, 24: { underline: false },
  39: { colour: null }, 49: { background: null },
};

/* The color space in "38:2:SPACE:R:G:B", which "38;2;R;G;B" does not have. */
const COLOR_SPACE = /([34]8:2):\d*:(?=\d*:\d*:\d*)/g;

/* Return the style after "1;31" and the like. https://en.wikipedia.org/wiki/ANSI_escape_code#SGR */
export function nextStyle(style, codes) {
  const numbers = codes.replace(COLOR_SPACE, "$1:").split(/[;:]/).map(Number);
  let next = { ...style };
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at];
    if (code === 0) next = {};
    else if (code === 38 || code === 48) {
      const size = numbers[at + 1] === 2 ? 4 : 2;
      next[code === 38 ? "colour" : "background"] = wideColour(numbers.slice(at + 1, at + 1 + size));
      at += size;
    } else if (SWITCHES[code]) Object.assign(next, SWITCHES[code]);
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) next.colour = code % 10 + (code >= 90 ? 8 : 0);
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) next.background = code % 10 + (code >= 100 ? 8 : 0);
  }
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null && value !== false));
}

/* A number below 16 is a color of the theme; others are "rgb(…)". */
function wideColour([kind, ...values]) {
  if (kind === 2) return `rgb(${values.join(" ")})`;
  const index = values[0] || 0;
  if (index < 16) return index;
  if (index >= 232) return `rgb(${Array(3).fill(8 + 10 * (index - 232)).join(" ")})`;
  const steps = [Math.floor((index - 16) / 36), Math.floor((index - 16) / 6) % 6, (index - 16) % 6];
  return `rgb(${steps.map((step) => (step ? 55 + 40 * step : 0)).join(" ")})`;
}

/* Find a text, ignoring case: [[from, to], …]. */
export function findMarks(text, searched) {
  const marks = [], where = text.toLowerCase(), what = searched.toLowerCase();
  for (let at = what ? where.indexOf(what) : -1; at >= 0; at = where.indexOf(what, at + what.length)) {
    marks.push([at, at + what.length]);
  }
  return marks;
}

const LINK = /https?:\/\/[^\s<>"'`\u0000-\u0020]+/g;
const AFTER_LINK = /[.,;:!?)\]}]+$/;

/* Find addresses: [[from, to], …]; punctuation behind one is no part of it. */
export function findLinks(text) {
  return [...text.matchAll(LINK)].map((found) => {
    const address = found[0].replace(AFTER_LINK, "");
    return [found.index, found.index + address.length];
  });
}

/* Split a text where its style changes: [{text, style, isMarked, link}, …]. */
export function pieces(text, styles, marks, links = []) {
  const cuts = new Set([0, text.length]);
  for (const [from, to] of [...styles, ...marks, ...links]) cuts.add(Math.min(from, text.length)).add(Math.min(to, text.length));
  const places = [...cuts].sort((a, b) => a - b);
  const [styleOf, markOf, linkOf] = [styles, marks, links].map(finder);
  return places.slice(1).map((to, index) => {
    const from = places[index], style = styleOf(from, to), link = linkOf(from, to);
    return {
      text: text.slice(from, to), style: style ? style[2] : null, isMarked: Boolean(markOf(from, to)),
      link: link ? text.slice(...link) : null,
    };
  });
}

/* Return a function that finds the range around a place; ranges and places are in order, because a line may have thousands. */
function finder(ranges) {
  let at = 0;
  return (from, to) => {
    while (at < ranges.length && ranges[at][1] <= from) at += 1;
    const found = ranges[at];
    return found && found[0] <= from && to <= found[1] ? found : null;
  };
}
