// Answers by post: the label is printed here, the letter elsewhere; a code on both halves brings them together.

import { LETTERS, call, get } from "./api.js";
import { ask } from "./ask.js";
import { byId, make } from "./build.js";
import { attempt, note } from "./notices.js";
import { moment, t } from "./texts.js";

const REASONS = ["no_such_address", "unknown", "moved", "refused", "unclaimed", "other"];

const stateOf = (label) => {
  if (label.state === "posted") return t("label.posted", { at: moment(label.posted_at) });
  if (label.state === "returned") return t("label.returned", { at: moment(label.returned_at) });
  return label.labelled_at ? t("label.printed", { at: moment(label.labelled_at) }) : t("label.waiting", { at: moment(label.requested_at) });
};

export class Labels {
  async load() {
    const { items } = await get(`${LETTERS}/labels?limit=200`);
    const rank = { waiting: 0, posted: 1, returned: 2 };
    items.sort((one, other) => rank[one.state] - rank[other.state]);
    byId("label-list").replaceChildren(...items.map((label) => this.#row(label)));
    byId("labels-none").hidden = items.length > 0;
  }

  #row(label) {
    const path = `${LETTERS}/labels/${label.code}`;
    const row = make("li", {}, make("code.post-code", {}, label.code), make("span", {}, stateOf(label)));
    if (label.registered_mail_number) row.append(make("code", {}, label.registered_mail_number));
    const button = (text, act) => make("button.quiet-button", { type: "button", "aria-label": `${text}: ${label.code}`, onclick: () => attempt(act, "labels") }, text);
    if (label.state === "waiting") {
      row.append(
        make("a.button.quiet-button", { href: `${path}/label.pdf`, target: "_blank", "aria-label": `${t("label.print")}: ${label.code}` }, t("label.print")),
        button(t("label.post"), () => this.#posted(path, label)),
      );
    }
    if (label.state === "posted") row.append(button(t("label.return"), () => this.#returned(path, label)));
    return row;
  }

  async #posted(path, { code }) {
    const registered = await ask({ title: `${t("label.post")}: ${code}`, text: t("label.post.text"), label: t("registered_mail_number"), required: false, yes: t("label.post") });
    if (registered === null) return;
    await call("POST", `${path}/posted`, { json: { registered_mail_number: registered } });
    await this.load();
    note(t("label.post.done", { code }));
  }

  async #returned(path, { code }) {
    const choices = REASONS.map((reason) => [reason, t(`label.return.${reason}`)]);
    const reason = await ask({ title: `${t("label.return")}: ${code}`, text: t("label.return.text"), label: t("reason"), choices, yes: t("label.return") });
    if (reason === null) return;
    await call("POST", `${path}/returned`, { json: { reason } });
    await this.load();
    note(t("label.return.done", { code }));
  }
}
