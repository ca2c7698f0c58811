// One question in a dialog: a sentence to type, or a choice. Esc is no.

import { byId, make, say } from "./build.js";

/** The answer, or null. `choices`: [value, text] pairs instead of a line to type; `label` null: just yes or no. */
export const ask = ({ title, text = "", label = null, choices = null, value = "", required = true, yes }) => {
  const dialog = byId("ask-dialog");
  const form = dialog.querySelector("form");
  const { answer, choice } = form.elements;
  say(byId("ask-title"), title);
  say(byId("ask-text"), text);
  say(byId("ask-label"), label ?? "");
  say(byId("ask-choice-label"), label ?? "");
  say(byId("ask-yes"), yes);
  answer.parentElement.hidden = label === null || choices !== null;
  choice.parentElement.hidden = choices === null;
  answer.required = required && !answer.parentElement.hidden;
  answer.minLength = required ? 3 : 0; // as the API wants reasons
  answer.value = value;
  choice.replaceChildren(...(choices ?? []).map(([key, words]) => make("option", { value: key }, words)));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes") resolve(null);
        else resolve(choices ? choice.value : answer.value.trim());
      },
      { once: true },
    );
  });
};
