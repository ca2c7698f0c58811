// The letters in work, in the order of their numbers.

import { LETTERS, get } from "./api.js";
import { byId, make, say } from "./build.js";
import { day, t } from "./texts.js";

const AT_ONCE = 100;

const marksOf = ({ progress }) => {
  const marks = [];
  if (!progress) return marks;
  if (progress.check) marks.push(["waiting", t("draft.check", { count: progress.check })]);
  if (progress.problems) marks.push(["bad", t("draft.problems", { count: progress.problems })]);
  if (progress.stale) marks.push(["bad", t("draft.stale")]);
  return marks.map(([kind, text]) => make(`span.state.${kind}`, {}, text));
};

const readingOf = ({ progress }) => {
  if (!progress) return null;
  if (!progress.waiting) return make("span.quiet", {}, t("draft.pages", { count: progress.pages }));
  // Files that are being opened are waited for, too.
  const done = Math.max(progress.pages - progress.waiting, 0);
  const text = progress.pages ? t("draft.reading", { done, count: progress.pages }) : t("draft.opening");
  return make(
    "span.quiet",
    {},
    make("progress.reading", { max: Math.max(progress.pages, 1), value: done, "aria-label": text }),
    ` ${text}`,
  );
};

export class Drafts {
  lines = [];
  #drawn = "";
  #newest = null;

  get waiting() {
    return this.lines.reduce((sum, line) => sum + (line.progress?.waiting ?? 0), 0);
  }

  load() {
    const mine = (this.#newest = this.#fetch().then((lines) => {
      // An answer that was asked for earlier tells of an older list: the newest is waited for.
      if (mine !== this.#newest) return this.#newest;
      const before = this.waiting;
      this.lines = lines;
      return this.#draw(before);
    }));
    return mine;
  }

  async #fetch() {
    const lines = [];
    let cursor = null;
    do {
      const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const { items, next } = await get(`${LETTERS}?state=draft&limit=${AT_ONCE}${more}`);
      lines.push(...items);
      cursor = next;
    } while (cursor);
    return lines.sort((one, other) => (one.number < other.number ? -1 : 1));
  }

  #draw(before) {
    const drawn = JSON.stringify(this.lines);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = document.activeElement?.getAttribute("href");
    byId("drafts").replaceChildren(
      ...this.lines.map((line) =>
        make(
          "li",
          {},
          make("a", { href: `#letter/${line.letter_id}` }, line.number),
          make("span.quiet", {}, day(line.entry.received_on)),
          readingOf(line),
          ...marksOf(line),
        ),
      ),
    );
    if (focused) byId("drafts").querySelector(`a[href="${CSS.escape(focused).replaceAll("\\", "\\\\")}"]`)?.focus();
    byId("no-drafts").hidden = this.lines.length > 0;
    if (this.waiting) say(byId("reading"), t("drafts.reading", { count: this.waiting }));
    else say(byId("reading"), before ? t("drafts.read") : "");
  }

  /** The id of the letter `step` places on from this one (null: from the start); null: there is none. */
  beside(letterId, step) {
    const here = this.lines.findIndex((line) => line.letter_id === letterId);
    if (here < 0) return this.lines.at(step > 0 ? 0 : -1)?.letter_id ?? null;
    return this.lines[here + step]?.letter_id ?? null;
  }

  placeOf(letterId) {
    return this.lines.findIndex((line) => line.letter_id === letterId) + 1;
  }

  /** Once a letter is done: the one behind it, else the first of those left. Takes it off the list. */
  after(letterId) {
    const next = this.beside(letterId, 1) ?? this.lines.find((line) => line.letter_id !== letterId)?.letter_id ?? null;
    this.lines = this.lines.filter((line) => line.letter_id !== letterId);
    return next;
  }

  /** In the list, by keys. */
  move(step) {
    const links = [...byId("drafts").querySelectorAll("a")];
    const here = links.indexOf(document.activeElement);
    links[here < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + step, 0), links.length - 1)]?.focus();
  }
}
