// The text of a page in a field, with the words marked that the reader of pages was unsure of. A field can't mark
// words itself: behind it lies the same text with marks, and both are as high as the text.

import { make } from "./build.js";

/** The API counts characters, JavaScript UTF-16 units: they differ beyond the basic plane. */
const unitsOf = (text) => {
  if (!/[\ud800-\udfff]/.test(text)) return (at) => at;
  const units = [0];
  for (const sign of text) units.push(units.at(-1) + sign.length);
  return (at) => units[Math.min(at, units.length - 1)];
};

/** The marks after a change: those before it stay, those behind it move, those in it are done. */
export const moved = (marks, before, after) => {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const by = after.length - before.length;
  const end = before.length - tail;
  return marks.flatMap((mark) => {
    if (mark.end <= head) return [mark];
    if (mark.start >= end) return [{ ...mark, start: mark.start + by, end: mark.end + by }];
    return [];
  });
};

export class Words {
  constructor(holder, { onText, onWord, onMarks }) {
    this.field = holder.querySelector("textarea");
    this.behind = holder.querySelector(".marked");
    this.marks = [];
    this.text = "";
    this.typed = null;
    this.shown = null;
    this.onWord = onWord;
    this.onMarks = onMarks;
    this.field.addEventListener("input", () => {
      this.marks = moved(this.marks, this.text, this.field.value);
      this.text = this.typed = this.field.value;
      this.#draw();
      onText(this.text);
    });
    for (const event of ["click", "keyup"]) this.field.addEventListener(event, () => this.#look());
    this.field.addEventListener("blur", () => onWord(null));
  }

  /** From the API. What was typed here stays with its marks: the API may have trimmed it. */
  show(text, unsure) {
    const shown = JSON.stringify([text, unsure]);
    if (shown === this.shown) return;
    this.shown = shown;
    if (this.typed !== null && text.trim() === this.text.trim()) return;
    this.typed = null;
    const units = unitsOf(text);
    this.marks = unsure.map((one) => ({ start: units(one.start), end: units(one.end), box: one.box }));
    const place = this.field.selectionStart;
    this.text = text;
    this.field.value = text;
    if (document.activeElement === this.field) this.field.setSelectionRange(place, place);
    this.#draw();
  }

  /** To the next unsure word (`step` 1) or the one before (-1); round at the end. False: there is none. */
  next(step) {
    if (!this.marks.length) return false;
    const within = document.activeElement === this.field;
    const here = within ? this.field.selectionStart : step > 0 ? -1 : Infinity;
    const ahead = this.marks.filter((mark) => (step > 0 ? mark.start > here : mark.start < here));
    const mark = (step > 0 ? ahead[0] : ahead.at(-1)) ?? this.marks.at(step > 0 ? 0 : -1);
    this.field.focus({ preventScroll: true });
    this.field.setSelectionRange(mark.start, mark.end);
    this.behind.children[this.marks.indexOf(mark)]?.scrollIntoView({ block: "center" });
    this.#look();
    return true;
  }

  #look() {
    const here = this.field.selectionStart;
    const mark = this.marks.find((one) => one.start <= here && here < one.end) ?? null;
    this.onWord(mark, mark && this.marks.indexOf(mark));
  }

  #draw() {
    let at = 0;
    const pieces = [];
    for (const { start, end } of this.marks) {
      pieces.push(this.text.slice(at, start), make("mark", {}, this.text.slice(start, end)));
      at = end;
    }
    // A last empty line has no height of its own.
    this.behind.replaceChildren(...pieces, `${this.text.slice(at)}\n`);
    this.onMarks(this.marks.length);
  }
}
