// Changes to one letter on their way: sent half a second after the last key, one after the other, again and again
// until the API has them. Closing the page with something on the way asks first.

import { Away, LETTERS, call, leaving } from "./api.js";
import { problem, settled } from "./notices.js";
import { t } from "./texts.js";

const PAUSE = 500; // ms after the last key
const SLOWEST = 15000; // ms between tries

const all = new Map();

/** Of each letter one, which lives on while the reader is elsewhere. */
export const savingOf = (letterId) => {
  if (!all.has(letterId)) all.set(letterId, new Saving(letterId));
  return all.get(letterId);
};

export const anythingUnsaved = () => [...all.values()].some((saving) => saving.unsaved);
leaving.harms = anythingUnsaved;

const partOf = (letter, path) => {
  if (path === "draft") return letter.draft ?? {};
  return letter.draft?.pages.find((page) => `pages/${page.page_id}` === path) ?? {};
};

class Saving {
  #waiting = new Map(); // path -> {values, bases}
  #refused = new Map(); // path -> {values, bases}: goes along with the next try
  #sending = null;
  #timer = 0;
  #run = null;
  #wake = () => {};
  etag = null;
  listener = { letter: () => {}, state: () => {}, conflict: () => {} };

  constructor(letterId) {
    this.letterId = letterId;
  }

  get unsaved() {
    return this.#waiting.size > 0 || this.#refused.size > 0 || this.#sending !== null;
  }

  /** What was typed and isn't there yet, of a part of the letter. */
  ownOf(path) {
    const sending = this.#sending?.path === path ? this.#sending.values : {};
    return { ...this.#refused.get(path)?.values, ...sending, ...this.#waiting.get(path)?.values };
  }

  /** `base`: what stood there before, to see whether somebody else changed it. */
  change(path, name, value, base, { soon = false } = {}) {
    const change = this.#waiting.get(path) ?? { values: {}, bases: {} };
    change.values[name] = value;
    if (!(name in change.bases)) change.bases[name] = base;
    this.#waiting.set(path, change);
    this.listener.state();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush().catch(() => {}), soon ? 0 : PAUSE);
  }

  /** Done when all is saved. Raises Problem where the API refuses something. */
  flush() {
    clearTimeout(this.#timer);
    for (const [path, change] of this.#refused) this.#putBack(path, change);
    this.#refused.clear();
    this.#run ??= this.#all().finally(() => {
      this.#run = null;
      this.listener.state();
    });
    this.#wake();
    return this.#run;
  }

  /** At the last moment: the browser sends it though the page goes. */
  flushLeaving() {
    for (const [path, change] of this.#waiting) {
      call("PATCH", `${LETTERS}/${this.letterId}/${path}`, { json: change.values, keepalive: true }).catch(() => {});
    }
  }

  async #all() {
    let pause = 1000;
    while (this.#waiting.size) {
      const [path, change] = this.#waiting.entries().next().value;
      this.#waiting.delete(path);
      this.#sending = { path, ...change };
      this.listener.state();
      try {
        await this.#one(path, change);
        pause = 1000;
        settled(`save ${this.letterId}`);
      } catch (error) {
        if (!(error instanceof Away)) {
          this.#sending = null;
          // Kept, as it was typed; but of a letter that is gone there is nothing to save.
          if (error.status === 404) this.#waiting.clear();
          else this.#refused.set(path, change);
          problem(error.message, `save ${this.letterId}`);
          throw error;
        }
        this.#putBack(path, change);
        this.#sending = null;
        problem(error.message, `save ${this.letterId}`);
        this.listener.state();
        await new Promise((resolve) => {
          this.#wake = resolve;
          setTimeout(resolve, pause);
        });
        pause = Math.min(pause * 2, SLOWEST);
      }
      this.#sending = null;
    }
  }

  async #one(path, change) {
    const headers = this.etag ? { "If-Match": this.etag } : {};
    try {
      const { body, etag } = await call("PATCH", `${LETTERS}/${this.letterId}/${path}`, { json: change.values, headers });
      this.#sending = null;
      this.took(body, etag);
    } catch (error) {
      if (error.status !== 412) throw error;
      await this.#reload(path, change);
    }
  }

  // Somebody else, or the reader of pages, was faster. What was typed stays and is sent anew.
  async #reload(path, change) {
    const { body, etag } = await call("GET", `${LETTERS}/${this.letterId}`);
    const theirs = partOf(body, path);
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    const clash = Object.entries(change.bases).some(
      ([name, base]) => !same(theirs[name], base) && !same(theirs[name], change.values[name]),
    );
    for (const name of Object.keys(change.bases)) change.bases[name] = theirs[name];
    this.#putBack(path, change);
    this.#sending = null;
    this.took(body, etag);
    if (clash) this.listener.conflict();
  }

  #putBack(path, change) {
    const newer = this.#waiting.get(path) ?? { values: {}, bases: {} };
    this.#waiting.set(path, {
      values: { ...change.values, ...newer.values },
      bases: { ...newer.bases, ...change.bases },
    });
  }

  /** The letter as the API has it now. */
  took(letter, etag) {
    if (etag) this.etag = etag;
    this.listener.letter(letter);
  }

  get stateText() {
    if (this.#sending) return t("saving");
    return this.unsaved ? t("unsaved") : t("saved");
  }
}

addEventListener("beforeunload", (event) => {
  if (anythingUnsaved()) event.preventDefault();
});
addEventListener("pagehide", () => all.forEach((saving) => saving.flushLeaving()));
addEventListener("online", () => all.forEach((saving) => saving.flush().catch(() => {})));
