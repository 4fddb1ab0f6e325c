/* A log of any length in a scrolling frame: only the visible lines are elements.
   This is JavaScript because scrolling must keep up with the screen. It requests missing lines
   with the event lines-wanted; the page, in Python, loads them and calls put(). */

import { LineMap } from "./log_lines.js";
import { drawRow } from "./log_row.js";

const ROW = 20; // pixels, as in log.css
const MAX_PIXELS = 15e6; // browsers limit the height of elements
const AROUND = 15; // rows drawn above and below the visible ones
const REQUESTED_LINES = 1000;
const REQUEST_AFTER = 50; // milliseconds after scrolling ends

export function openLogView(frame) {
  return new LogView(frame);
}

class LogView {
  constructor(frame) {
    this.frame = frame;
    this.spacer = frame.querySelector(".log-spacer");
    this.sheet = frame.querySelector(".log-sheet");
    frame.addEventListener("scroll", () => this.drawSoon());
    frame.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.drawSoon()).observe(frame);
    this.open(0, "");
  }

  /* Open a log with a number of lines; `address` is its link. */
  open(total, address) {
    this.lines = new LineMap(total);
    // The text to highlight, the chosen and the folded lines, and the long lines that are shown in full.
    this.display = { address, searched: "", chosen: [0, 0], folds: new Map(), expanded: new Set(), parts: new Map() };
    this.topLine = 0;
    this.isRequesting = false;
    this.frame.scrollTo(0, 0);
    this.redraw();
  }

  /* Add requested lines; `long` are [line, number of parts] of those that have several. */
  put(first, lines, long = []) {
    this.isRequesting = false;
    for (const [line, total] of long) {
      if (!this.display.parts.has(line)) this.display.parts.set(line, { more: [], total });
    }
    const [from, to] = this.visibleRows();
    this.lines.put(first, lines, this.lines.lineOf(from), this.lines.lineOf(to));
    this.redraw();
  }

  /* Add the next part of a long line. */
  putPart(line, part, text) {
    const known = this.display.parts.get(line);
    if (known && known.more.length + 2 === part) known.more.push(text);
    this.redraw();
  }

  /* Requested lines failed to load; the next draw requests them again. */
  giveUp() {
    this.isRequesting = false;
  }

  /* Show these ranges of lines only; `folds` are [line, is folded] of each group. */
  fold(ranges, folds) {
    const top = this.lines.lineOf(Math.floor(this.topRow()));
    this.lines.setRanges(ranges);
    this.display.folds = new Map(folds);
    this.resize();
    this.scrollToRow(this.lines.rowOf(top));
    this.redraw();
  }

  /* Highlight a text. */
  mark(text) {
    this.display.searched = text;
    this.redraw();
  }

  /* Scroll to a line and highlight it, or a range that begins with it; some lines stay above it. */
  choose(line, last, isAtTop) {
    this.display.chosen = [line, last];
    const row = this.lines.rowOf(line);
    const above = isAtTop || this.isWrapped() ? 0 : Math.floor(this.frame.clientHeight / ROW / 3);
    this.resize();
    this.scrollToRow(Math.max(0, row - above));
    this.redraw();
  }

  setClass(name, isOn) {
    const row = this.topRow();
    this.frame.classList.toggle(name, isOn);
    this.resize();
    this.scrollToRow(row);
    this.redraw();
  }

  isWrapped() {
    return this.frame.classList.contains("is-wrapped");
  }

  /* Drawing. The scroll position is a row and a fraction of it, whatever its height. */

  resize() {
    // Wrapped rows are higher than ROW: the last row needs space below it to reach the top.
    const tail = this.isWrapped() ? Math.max(0, this.frame.clientHeight - 2 * ROW) : 0;
    const height = Math.min(MAX_PIXELS, this.lines.rowCount * ROW + tail);
    this.spacer.style.height = `${height}px`;
    this.rowPixels = this.lines.rowCount ? (height - tail) / this.lines.rowCount : ROW;
  }

  topRow() {
    return this.frame.scrollTop / this.rowPixels;
  }

  scrollToRow(row) {
    this.frame.scrollTop = row * this.rowPixels;
  }

  visibleRows() {
    const last = this.lines.rowCount - 1;
    const from = Math.max(0, Math.min(last, Math.floor(this.topRow())));
    return [from, Math.max(from, Math.min(last, from + Math.ceil(this.frame.clientHeight / ROW)))];
  }

  redraw() {
    const focused = document.activeElement.closest(".log-sheet .log-row");
    if (focused) this.focusedLine = Number(focused.dataset.line);
    this.sheet.replaceChildren();
    this.resize();
    this.drawSoon();
  }

  drawSoon() {
    cancelAnimationFrame(this.frameRequest);
    this.frameRequest = requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (!this.lines.rowCount || !this.frame.clientHeight) return;
    const [from, to] = this.visibleRows();
    const begin = Math.max(0, from - AROUND), end = Math.min(this.lines.rowCount - 1, to + AROUND);
    const known = new Map([...this.sheet.children].map((row) => [Number(row.dataset.line), row]));
    const rows = [];
    for (let row = begin; row <= end; row += 1) {
      const line = this.lines.lineOf(row);
      rows.push(known.get(line) || drawRow(line, this.lines.get(line), this.display));
    }
    // Rows that stay are not touched, so that focus and selection are kept.
    const kept = new Set(rows);
    for (const row of known.values()) if (!kept.has(row)) row.remove();
    rows.forEach((row, at) => {
      if (this.sheet.children[at] !== row) this.sheet.insertBefore(row, this.sheet.children[at] || null);
    });
    this.place(rows[from - begin], from);
    this.reportTop(this.lines.lineOf(from));
    this.focusAgain(rows);
    this.requestSoon(from, to);
  }

  place(top, row) {
    const part = (this.topRow() - row) * top.offsetHeight;
    this.sheet.style.transform = `translateY(${this.frame.scrollTop - part - top.offsetTop}px)`;
  }

  /* The page marks the step of the topmost line. */
  reportTop(line) {
    if (line === this.topLine) return;
    this.topLine = line;
    clearTimeout(this.topTimer);
    this.topTimer = setTimeout(() => this.report("top-moved", { line }), REQUEST_AFTER);
  }

  /* A group folded with the keyboard has a new button. */
  focusAgain(rows) {
    const row = rows.find((each) => Number(each.dataset.line) === this.focusedLine);
    this.focusedLine = null;
    const part = row && (row.querySelector(".log-fold") || row.querySelector(".log-number"));
    if (part) part.focus({ preventScroll: true });
  }

  requestSoon(from, to) {
    clearTimeout(this.requestTimer);
    const first = this.lines.firstMissing(from, to);
    if (first === null || this.isRequesting) return;
    this.requestTimer = setTimeout(() => {
      this.isRequesting = true;
      const detail = { first, count: REQUESTED_LINES };
      this.frame.dispatchEvent(new CustomEvent("lines-wanted", { detail }));
    }, REQUEST_AFTER);
  }

  click(event) {
    const row = event.target.closest(".log-row");
    if (!row) return;
    const line = Number(row.dataset.line);
    if (event.target.closest(".log-more")) {
      const parts = this.display.parts.get(line);
      this.display.expanded.add(line);
      if (parts && parts.more.length + 1 < parts.total) {
        this.report("part-wanted", { line, part: parts.more.length + 2, total: parts.total });
      }
      this.redraw();
    } else if (event.target.closest(".log-fold") || this.isFoldTitle(event)) this.report("fold-chosen", { line });
    else if (event.target.closest(".log-number") && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      this.chooseUpTo(line, event.shiftKey);
    }
  }

  /* The title of a group folds it as its arrow does, unless a link in it is meant or a part of it is being selected. */
  isFoldTitle(event) {
    const text = event.target.closest(".log-fold ~ .log-line");
    return text && !event.target.closest("a, button") && getSelection().isCollapsed;
  }

  /* Choose a line, or with Shift the range from the chosen one to it. */
  chooseUpTo(line, isRange) {
    const [first, last] = isRange && this.display.chosen[0] ? this.display.chosen : [line, line];
    const anchor = line < first ? last : first;
    this.display.chosen = [Math.min(anchor, line), Math.max(anchor, line)];
    getSelection().removeAllRanges();
    this.redraw();
    this.report("line-chosen", { first: this.display.chosen[0], last: this.display.chosen[1] });
  }

  report(name, detail) {
    this.frame.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
