// One page of a letter: its picture beside its text.

import { LETTERS } from "./api.js";
import { byId, make, say } from "./build.js";
import { Picture } from "./picture.js";
import { t } from "./texts.js";
import { Words } from "./words.js";

const KINDS = { waiting: "waiting", read: "ready", check: "waiting", handwritten: "plain-state", unreadable: "bad", missing: "bad" };

export class PageCard {
  /** `letter` does what concerns more than this page: change, read, split, select. */
  constructor(letter, pageId) {
    this.letter = letter;
    this.pageId = pageId;
    this.path = `pages/${pageId}`;
    this.element = byId("page-card").content.firstElementChild.cloneNode(true);
    this.title = this.element.querySelector("h2");
    this.state = this.element.querySelector(".mark");
    this.what = this.element.querySelector(".what");
    this.unsure = this.element.querySelector("[data-do=unsure]");
    this.picture = new Picture(this.element.querySelector(".scan"));
    this.words = new Words(this.element.querySelector(".words"), {
      onText: (text) => letter.change(this, "text", text),
      onWord: (mark, place = -1) => {
        this.picture.mark(mark?.box ?? null);
        this.#told(place);
      },
      onMarks: () => this.#told(-1),
    });
    this.element.addEventListener("focusin", () => letter.select(this));
    this.element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-do]");
      if (!button) return;
      if (button.dataset.do === "unsure") this.words.next(1);
      else this[button.dataset.do](button.dataset.language);
    });
  }

  #told(place) {
    const count = this.words.marks.length;
    const text = place < 0 ? t("page.unsure.count", { count }) : t("page.unsure.place", { place: place + 1, count });
    this.unsure.replaceChildren(text, " ", make("kbd", {}, "F2"));
    this.unsure.hidden = count === 0;
  }

  /** `page`: the API's, with what is typed here and not there yet. */
  show(page, place, count) {
    this.page = page;
    const title = t("page.title", { place, count });
    say(this.title, title);
    say(this.state, page.dropped ? t("page.dropped") : t(`page.state.${page.state}`));
    this.state.className = `mark state ${page.dropped ? "plain-state" : KINDS[page.state]}`;
    say(this.what, page.problem?.what ?? (page.handwritten ? t("page.handwritten.note") : ""));
    this.element.classList.toggle("dropped", page.dropped);
    this.element.setAttribute("aria-label", title);
    this.picture.show(`${LETTERS}/${this.letter.id}/${this.path}/picture`, page, t("page.picture", { place }));
    this.words.field.setAttribute("aria-label", t("page.text", { place }));
    this.words.field.readOnly = page.state === "waiting";
    this.words.show(page.text, page.unsure);
    this.#buttons(page, place);
  }

  #buttons(page, place) {
    const button = (name) => this.element.querySelector(`[data-do=${name}]`);
    button("drop").replaceChildren(t(page.dropped ? "page.take_back" : "page.drop"), " ", make("kbd", {}, "D"));
    button("handwritten").setAttribute("aria-pressed", page.handwritten);
    button("split").hidden = place === 1;
    const missing = page.state === "missing";
    for (const name of ["turn", "handwritten"]) button(name).hidden = missing;
    this.element.querySelector(".again").hidden = missing || page.dropped;
  }

  turn(back) {
    if (this.page.state === "missing") return;
    this.letter.change(this, "rotation", (this.page.rotation + (back === true ? 270 : 90)) % 360);
  }

  drop() {
    this.letter.change(this, "dropped", !this.page.dropped);
  }

  handwritten() {
    if (this.page.state !== "missing") this.letter.change(this, "handwritten", !this.page.handwritten);
  }

  split() {
    this.letter.split(this);
  }

  read(language) {
    if (this.page.state !== "missing") this.letter.read(this, language);
  }

  nextWord(step) {
    return this.words.next(step);
  }

  edit() {
    this.words.field.focus();
  }

  larger() {
    this.picture.larger();
  }

  focus() {
    this.element.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "start" });
  }
}
