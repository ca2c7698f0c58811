// The letter in work: its pages, what is known of its sender, and what becomes of it.

import { Away, LETTERS, call } from "./api.js";
import { ask } from "./ask.js";
import { byId, fill, make, say } from "./build.js";
import * as entries from "./entry.js";
import { attempt, note, problem, settled } from "./notices.js";
import { PageCard } from "./page_card.js";
import { savingOf } from "./saving.js";
import { day, moment, t } from "./texts.js";
import { Uploads } from "./uploads.js";

const SLOWEST = 15000; // ms between tries

/** Until it isn't away any more. */
const persist = async (what) => {
  for (let pause = 1000; ; pause = Math.min(pause * 2, SLOWEST)) {
    try {
      return await what();
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      problem(error.message, "act");
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
};

export class LetterView {
  letter = null;
  #cards = new Map();
  #current = null;
  #busy = false;

  /** `go(letterId or null)` opens another letter, or the list. */
  constructor(drafts, go) {
    this.drafts = drafts;
    this.go = go;
    this.details = byId("details");
    this.entry = byId("entry");
    this.details.addEventListener("input", ({ target }) => this.#detail(target));
    this.entry.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(() => this.#saveEntry(), "entry");
    });
    // Leaving the form saves it: nobody has to think of it.
    this.entry.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.entry.contains(relatedTarget) && this.entry.checkValidity()) attempt(() => this.#saveEntry(), "entry");
    });
    this.uploads = new Uploads(byId("more-uploads"), () => this.load());
    byId("more").addEventListener("change", ({ target }) => {
      if (target.files.length) this.uploads.add(`${LETTERS}/${this.id}/scans`, [...target.files], {});
      target.value = "";
    });
    const buttons = {
      send: () => this.send(false),
      "pass-on": () => this.send(true),
      previous: () => this.beside(-1),
      next: () => this.beside(1),
      join: () => this.join(),
      void: () => this.void(),
    };
    for (const [id, act] of Object.entries(buttons)) byId(id).addEventListener("click", act);
  }

  get id() {
    return this.letter?.letter_id ?? null;
  }

  get waiting() {
    const draft = this.letter?.draft;
    return [...(draft?.pages ?? []), ...(draft?.files ?? [])].some((one) => one.state === "waiting");
  }

  /** Raises Away and Problem. */
  async open(letterId) {
    this.#forget();
    const { body, etag } = await call("GET", `${LETTERS}/${letterId}`);
    this.saving = savingOf(letterId);
    this.saving.listener = {
      letter: (letter) => this.id === letterId && this.#show(letter),
      state: () => this.id === letterId && say(byId("saved"), this.saving.stateText),
      conflict: () => problem(t("conflict"), "conflict"),
    };
    this.letter = body;
    this.saving.took(body, etag);
    say(byId("saved"), this.saving.stateText);
    settled("conflict");
    settled("act");
  }

  close() {
    if (this.letter && entries.isChanged(this.entry, this.letter)) attempt(() => this.#saveEntry(), "entry");
    this.saving?.flush().catch(() => {});
    this.#forget();
  }

  #forget() {
    this.letter = null;
    this.#cards.clear();
    this.#current = null;
    byId("pages").replaceChildren();
    byId("more-uploads").replaceChildren();
    byId("entry-of").open = false;
    byId("letter-open").hidden = byId("act").hidden = byId("letter-closed").hidden = true;
    for (const id of ["letter-title", "letter-place"]) say(byId(id), "");
    // Nothing of a letter stays in the page behind it.
    this.entry.reset();
    this.details.reset();
  }

  /** Anew from the API, with what isn't saved yet kept as typed. */
  async load() {
    const id = this.id;
    if (!id) return;
    const { body, etag } = await call("GET", `${LETTERS}/${id}`);
    if (this.id === id) this.saving.took(body, etag);
  }

  #show(letter) {
    const entryTouched = this.letter !== letter && entries.isChanged(this.entry, this.letter) && this.entry.dataset.letter === letter.letter_id;
    const wasWaiting = this.waiting;
    this.letter = letter;
    if (wasWaiting && !this.waiting) note(t("drafts.read"));
    const draft = letter.draft;
    say(byId("letter-title"), t("letter.title", { number: letter.number }));
    const place = this.drafts.placeOf(letter.letter_id);
    say(byId("letter-place"), place ? t("letter.place", { place, count: this.drafts.lines.length, day: day(letter.entry.received_on) }) : "");
    byId("letter-open").hidden = byId("act").hidden = !draft;
    byId("letter-closed").hidden = Boolean(draft);
    if (!entryTouched) {
      fill(this.entry, letter.entry, { spare: (field) => field === document.activeElement });
      this.entry.dataset.letter = letter.letter_id;
    }
    if (!draft) {
      const more = letter.void_reason ?? moment(letter.sent_at);
      say(byId("letter-closed"), `${[t(`state.${letter.state}`), more].filter(Boolean).join(", ")}. ${t("letter.closed")}`);
      byId("pages").replaceChildren();
      this.#cards.clear();
      return;
    }
    this.#showDetails(draft);
    this.#showFiles(draft.files);
    this.#showPages(draft.pages);
  }

  #showDetails(draft) {
    fill(this.details, { ...draft, ...this.saving.ownOf("draft") });
    const quotes = this.details.elements.quotes.value.trim();
    const check = draft.quotes_valid ? t("quotes.valid") : t("quotes.invalid");
    say(byId("quotes-check"), quotes === "" ? t("quotes.none") : quotes === (draft.quotes ?? "").trim() ? check : "…");
  }

  #showFiles(files) {
    const telling = files.filter((file) => file.problem || file.state === "waiting");
    byId("files-of").replaceChildren(
      ...telling.map((file) =>
        make(file.problem ? "li.wrong" : "li.quiet", {}, make("span.file-name", {}, file.name), " ", file.problem?.what ?? t("draft.opening")),
      ),
    );
  }

  #showPages(pages) {
    const list = byId("pages");
    const kept = new Set(pages.map((page) => page.page_id));
    for (const [id, card] of this.#cards) {
      if (kept.has(id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    pages.forEach((page, n) => {
      let card = this.#cards.get(page.page_id);
      if (!card) {
        card = new PageCard(this, page.page_id);
        this.#cards.set(page.page_id, card);
      }
      if (list.children[n] !== card.element) list.insertBefore(card.element, list.children[n] ?? null);
      card.show({ ...page, ...this.saving.ownOf(card.path) }, n + 1, pages.length);
    });
    if (!this.#current || !kept.has(this.#current.pageId)) this.select(this.#all.find((card) => !card.page.dropped) ?? this.#all[0] ?? null);
  }

  get #all() {
    return [...byId("pages").children].map((element) => [...this.#cards.values()].find((card) => card.element === element));
  }

  select(card) {
    this.#current?.element.classList.remove("current");
    this.#current = card;
    card?.element.classList.add("current");
  }

  get page() {
    return this.#current;
  }

  movePage(step) {
    const all = this.#all;
    const next = all[all.indexOf(this.#current) + step];
    if (!next) return;
    this.select(next);
    next.focus();
  }

  /** On this page, else on the next one that has any. */
  unsure(step) {
    const all = this.#all;
    const here = Math.max(all.indexOf(this.#current), 0);
    const from = this.#current;
    const more = from?.words.marks.length && this.#moreOn(from, step);
    if (more && from.nextWord(step)) return;
    for (let n = 1; n <= all.length; n += 1) {
      const card = all[(here + n * step + all.length * n) % all.length];
      if (!card.page.dropped && card.nextWord(step)) return;
    }
    note(t("page.unsure.none"));
  }

  #moreOn({ words }, step) {
    if (document.activeElement !== words.field) return true;
    const here = words.field.selectionStart;
    return words.marks.some((mark) => (step > 0 ? mark.start > here : mark.start < here));
  }

  #detail(field) {
    const value = field.type === "checkbox" ? field.checked : field.value;
    const base = this.letter.draft[field.name];
    this.saving.change("draft", field.name, field.name === "language" ? value || null : value, base, { soon: field.tagName === "SELECT" || field.type === "checkbox" });
  }

  change(card, name, value) {
    const there = this.letter.draft.pages.find((page) => page.page_id === card.pageId);
    this.saving.change(card.path, name, value, there?.[name]);
    this.#showPages(this.letter.draft.pages);
  }

  async #saveEntry() {
    if (!this.letter || !entries.isChanged(this.entry, this.letter)) return;
    const letter = this.letter;
    try {
      const corrected = await entries.correct(this.entry, letter);
      if (this.id === letter.letter_id) this.saving.took({ ...this.letter, entry: corrected.entry, version: corrected.version }, null);
      note(t("entry.saved"));
    } catch (error) {
      if (error.status === 412) await this.load();
      throw error;
    }
  }

  // What a button does, one at a time, after all is saved.
  async #act(what) {
    if (this.#busy || !this.letter?.draft) return;
    this.#busy = true;
    byId("letter-view").setAttribute("aria-busy", "true");
    await attempt(async () => {
      await this.saving.flush();
      await what(this.id);
    });
    this.#busy = false;
    byId("letter-view").removeAttribute("aria-busy");
  }

  #post(what, json, headers = {}) {
    return call("POST", `${LETTERS}/${this.id}/${what}`, { json, headers });
  }

  read(card, language) {
    const { edited, text } = card.page;
    return this.#act(async () => {
      if (edited && text.trim()) {
        const agreed = await ask({ title: t("page.read_again.yes"), text: t("page.read_again.sure"), yes: t("page.read_again.yes") });
        if (agreed === null) return;
      }
      const { body, etag } = await this.#post(`${card.path}/read`, { language });
      card.words.typed = null;
      this.saving.took(body, etag);
    });
  }

  split(card) {
    if (this.#all[0] === card) return undefined;
    return this.#act(async () => {
      const { body } = await this.#post("split", { page_id: card.pageId });
      // The new letter is in the list before its pages leave this one: "next" finds it.
      await this.drafts.load();
      await this.load();
      note(t("split.done", { number: body.number }));
    });
  }

  join() {
    return this.#act(async (id) => {
      const choices = this.drafts.lines.filter((line) => line.letter_id !== id).map((line) => [line.letter_id, line.number]);
      if (!choices.length) {
        note(t("join.none"));
        return;
      }
      const before = this.drafts.beside(id, -1);
      choices.sort(([one]) => (one === before ? -1 : 0));
      const into = await ask({ title: t("join"), text: t("join.text"), label: t("join.into"), choices, yes: t("join.yes") });
      if (into === null) return;
      await this.#post("join", { into });
      this.drafts.after(id);
      this.go(into);
    });
  }

  void() {
    return this.#act(async (id) => {
      const reason = await ask({ title: t("void"), text: t("void.text", { number: this.letter.number }), label: t("reason"), yes: t("void.yes") });
      if (reason === null) return;
      await this.#post("void", { reason });
      this.go(this.drafts.after(id));
    });
  }

  send(unread) {
    return this.#act(async (id) => {
      if (entries.isChanged(this.entry, this.letter)) await this.#saveEntry();
      await this.#unread(unread);
      const key = crypto.randomUUID();
      try {
        await persist(() => this.#post("send", {}, { "Idempotency-Key": key }));
      } catch (error) {
        if (unread) await this.#unread(false);
        throw error;
      }
      note(t(unread ? "passed_on" : "sent", { number: this.letter.number }));
      this.go(this.drafts.after(id));
    });
  }

  async #unread(unread) {
    if (this.letter.draft.unread === unread) return;
    this.saving.change("draft", "unread", unread, this.letter.draft.unread, { soon: true });
    await this.saving.flush();
  }

  beside(step) {
    const next = this.drafts.beside(this.id, step);
    if (next) this.go(next);
    else note(t(step > 0 ? "letter.last" : "letter.first"));
  }
}
