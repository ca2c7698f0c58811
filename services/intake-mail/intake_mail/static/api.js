// Calls of the API under the page's session. What is away for now raises Away and may be tried again;
// what the API refuses raises Problem, whose message is the sentence for the reader.

import { t } from "./texts.js";

export const LETTERS = "/api/v1/letters";
export const PAGE = { "Speak-Up-Page": "1" };

export class Away extends Error {
  constructor(message = t("away")) {
    super(message);
  }
}

export class Problem extends Error {
  constructor(status, body) {
    const found = (body.errors ?? []).map((one) => one.what).filter(Boolean);
    super([body.detail ?? t("failed"), ...new Set(found)].join(" "));
    this.status = status;
    this.errors = body.errors ?? [];
  }
}

/** Whether something typed here would be lost by leaving; set by saving.js. */
export const leaving = { harms: () => false };

export const isAway = (status) => status === 0 || status === 408 || status === 429 || (status >= 502 && status <= 504);

const alive = async () => (await fetch("/mailroom/alive")).status === 204;

let renewing = null;

/** A new session token. A renewal that is used twice ends the sign-in, so tabs take turns. */
const renew = () => {
  const turn = async () =>
    (await alive()) || (await fetch("/login/refresh?next=/mailroom/alive")).status === 204;
  renewing ??= (navigator.locks ? navigator.locks.request("speakup-renew", turn) : turn()).finally(() => {
    renewing = null;
  });
  return renewing;
};

/** After a 401: true once the session goes on. Else leaves for the sign-in, unless that would lose something. */
export const signedInAgain = async () => {
  if (await renew()) return true;
  if (leaving.harms()) throw new Away(t("signed_out"));
  location.assign("/login?next=/mailroom");
  return new Promise(() => {});
};

const problemOf = async (response) => {
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body);
};

const once = async (method, path, { json, headers = {}, keepalive = false }) => {
  const init = { method, headers: { ...PAGE, ...headers }, keepalive, cache: "no-store" };
  if (json !== undefined) {
    init.body = JSON.stringify(json);
    init.headers["Content-Type"] = "application/json";
  }
  try {
    return await fetch(path, init);
  } catch {
    throw new Away();
  }
};

/** `{body, etag}`. Raises Away and Problem. */
export const call = async (method, path, options = {}) => {
  let response = await once(method, path, options);
  if (response.status === 401) {
    await signedInAgain().catch((error) => {
      throw error instanceof Away ? error : new Away();
    });
    response = await once(method, path, options);
  }
  if (isAway(response.status)) throw new Away();
  if (!response.ok) throw await problemOf(response);
  const body = response.status === 204 ? null : await response.json();
  return { body, etag: response.headers.get("ETag") };
};

export const get = async (path) => (await call("GET", path)).body;

const sendOnce = (path, form, key, onProgress) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("Idempotency-Key", key);
    for (const [name, value] of Object.entries(PAGE)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Away());
    request.onabort = () => reject(new Away());
    request.send(form);
  });

/** Posts files. `key`: the same for each try, so that the letter is there once. Raises Away and Problem. */
export const upload = async (path, form, key, onProgress) => {
  let request = await sendOnce(path, form, key, onProgress);
  if (request.status === 401) {
    await signedInAgain();
    request = await sendOnce(path, form, key, onProgress);
  }
  if (isAway(request.status)) throw new Away();
  let body = {};
  try {
    body = JSON.parse(request.responseText || "{}");
  } catch {
    // No problem of ours: a proxy's page.
  }
  if (request.status >= 400) throw new Problem(request.status, body);
  return body;
};
