// Sentences for the reader, read out by screen readers: what happened, and what is wrong.

import { Away } from "./api.js";
import { byId, say } from "./build.js";

let fading;

export const note = (text) => {
  say(byId("notice"), text);
  clearTimeout(fading);
  fading = setTimeout(() => say(byId("notice"), ""), 8000);
};

let problemShown = null;

/** Stays until something else is wrong or `settled`. `about`: what it is told of. */
export const problem = (text, about = "") => {
  problemShown = about;
  say(byId("problem"), text);
};

/** What `about` was wrong with is well again. */
export const settled = (about) => {
  if (problemShown === about) {
    problemShown = null;
    say(byId("problem"), "");
  }
};

/** For what a button does: the sentence of an error, whatever it is. */
export const attempt = async (what, about = "act") => {
  try {
    const done = await what();
    settled(about);
    return done;
  } catch (error) {
    problem(error.message, error instanceof Away ? "away" : about);
    return undefined;
  }
};
