/* The loaded lines of a log, and the rows that show them: folded lines have none. */

const MAX_LINES = 20000;
const MAX_CHARACTERS = 2e7;
const KEPT_AROUND = 3000;
const AHEAD = 400; // lines to load before they become visible

export class LineMap {
  constructor(total) {
    this.total = total;
    this.texts = new Map();
    this.characters = 0;
    this.setRanges(total ? [[1, total]] : []);
  }

  /* Show these ranges [first line, last line], in order. */
  setRanges(ranges) {
    this.starts = [];
    this.ranges = ranges;
    this.rowCount = 0;
    for (const [first, last] of ranges) {
      this.starts.push(this.rowCount);
      this.rowCount += last - first + 1;
    }
  }

  lineOf(row) {
    if (!this.ranges.length) return 0;
    const at = lastAtMost(this.starts, row);
    return this.ranges[at][0] + row - this.starts[at];
  }

  /* The row of a line; of a folded one, the row of its group. */
  rowOf(line) {
    if (!this.ranges.length) return 0;
    const at = lastAtMost(this.ranges.map(([first]) => first), line);
    const [first, last] = this.ranges[at];
    return this.starts[at] + Math.min(Math.max(line, first), last) - first;
  }

  get(line) {
    return this.texts.get(line);
  }

  put(first, lines, from, to) {
    lines.forEach((text, at) => {
      if (!this.texts.has(first + at)) this.characters += text.length;
      this.texts.set(first + at, text);
    });
    if (this.texts.size > MAX_LINES || this.characters > MAX_CHARACTERS) this.forget(from, to);
  }

  forget(from, to) {
    for (const [line, text] of this.texts) {
      if (line < from - KEPT_AROUND || line > to + KEPT_AROUND) {
        this.texts.delete(line);
        this.characters -= text.length;
      }
    }
  }

  /* The first line to load: a visible one first, then the following ones; or null. */
  firstMissing(from, to) {
    for (let row = from; row <= to; row += 1) {
      const line = this.lineOf(row);
      if (!this.texts.has(line)) return this.firstToLoad(line);
    }
    const below = Math.min(this.total, this.lineOf(to) + AHEAD);
    if (!this.texts.has(below)) return this.firstToLoad(below);
    const above = Math.max(1, this.lineOf(from) - AHEAD);
    return this.texts.has(above) ? null : Math.max(1, above - AHEAD);
  }

  /* The first line of the missing ones before a line, at most AHEAD. */
  firstToLoad(line) {
    let first = line;
    while (first > 1 && line - first < AHEAD && !this.texts.has(first - 1)) first -= 1;
    return first;
  }
}

function lastAtMost(sorted, value) {
  let low = 0, high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
