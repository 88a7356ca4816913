// What this page asks of its server, and what the server tells on its own.

import { maybe, t } from "./language.js";

const CANARY = /(?:^|; )__Host-X-OWA-Canary=([\w-]+)/;
const SILENCE_MS = 60_000;  // the server beats every 25 seconds
const LONGEST_PAUSE_MS = 15_000;
const RETRY_MS = 4000;

const waiting = new Set();  // those who go on when the server can be reached again
const left = new AbortController();
let unsent = 0;

/** The server's no: `word` is for scripts, the message for people. Status 0: it could not be reached. */
export class Refused extends Error {
  constructor(status, word, message) {
    super(message);
    this.status = status;
    this.word = word;
  }
}

/**
 * Do something. A background call does not count as the user's activity. A lasting one waits while there is no
 * network, and is for what may be done twice.
 */
export async function call(action, values = {}, { lasting = false, ...options } = {}) {
  const ask = () => post(`action=${action}`, JSON.stringify(values), "application/json", options);
  return lasting ? insist(ask, !/^(Find|Get)/.test(action)) : ask();
}

/** How many changes wait for the network. */
export const pending = () => unsent;

/** Give up all that is under way, and ask no more: the session is about to be ended. */
export const leave = () => left.abort();

async function insist(ask, changes) {
  unsent += changes;
  try {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (error.status !== 0) throw error;
        await reachable();
      }
    }
  } finally {
    unsent -= changes;
  }
}

/** Wait until it is worth trying again. */
function reachable() {
  return new Promise((resolve) => {
    const timer = setTimeout(go, RETRY_MS);
    function go() {
      clearTimeout(timer);
      waiting.delete(go);
      resolve();
    }
    waiting.add(go);
  });
}

function wake() {
  for (const go of [...waiting]) go();
}
addEventListener("online", wake);

/** Add a file to a draft. */
export function upload(item, file) {
  const name = encodeURIComponent(file.name || "attachment");
  const query = `action=CreateAttachment&item=${encodeURIComponent(item)}&name=${name}`;
  return post(query, file, file.type || "application/octet-stream");
}

export const attachmentUrl = (id) => `/owa/attachment.ashx?id=${encodeURIComponent(id)}`;
export const sourceUrl = (id) => `/owa/message.eml?id=${encodeURIComponent(id)}`;
export const messageUrl = (id, images) => `/owa/message.htm?id=${encodeURIComponent(id)}${images ? "&images=1" : ""}`;
export const editorUrl = (verb, id = "") => `/owa/editor.htm?verb=${verb}&id=${encodeURIComponent(id)}`;

async function post(query, body, type, { background = false, signal } = {}) {
  const headers = { "Content-Type": type, "X-OWA-Canary": CANARY.exec(document.cookie)?.[1] ?? "" };
  if (background) headers["X-CASD-Background"] = "1";
  const response = await reach(`/owa/service.svc?${query}`, { method: "POST", body, headers, signal });
  const answer = await response.json().catch(() => ({}));
  if (left.signal.aborted) return never();
  if (response.ok) return answer;
  throw new Refused(response.status, answer.error ?? "", reason(response, answer));
}

/** Say why the server has refused something, in the words of this page where it has any. */
export function reason(response, answer) {
  const known = maybe(`trouble-${answer.trouble}`) || maybe(`error-${answer.error}`);
  return known || (answer.message ?? t("server-answered", { status: response.status }));
}

async function reach(url, { signal = left.signal, ...options }) {
  let response;
  try {
    response = await fetch(url, { ...options, signal: AbortSignal.any([signal, left.signal]), redirect: "error", cache: "no-store" });
  } catch (error) {
    if (left.signal.aborted) return never();
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "", t("unreachable"));
  }
  if (response.status === 440) await signIn();
  return response;
}

/** The session has ended: go where a new one begins, and come back here. Never returns. */
function signIn() {
  location.replace(`/owa/auth/logon.aspx?replaceCurrent=1&reason=3&url=${encodeURIComponent(location.href)}`);
  return never();
}

const never = () => new Promise(() => {});

/**
 * Tell what happens in the mailbox, for ever. `tell` gets each event, and `{ again: true }` whenever something
 * may have been missed; `online` gets whether the server is there. Of all tabs one asks and tells the others:
 * browsers open few connections to one server.
 */
export function follow(tell, online) {
  const others = new BroadcastChannel("owa-events");
  others.onmessage = ({ data }) => ("online" in data ? heard(data.online) : tell(data.event));
  const heard = (value) => { if (value) wake(); online(value); };
  const everyone = {
    tell: (event) => { tell(event); others.postMessage({ event }); },
    online: (value) => { heard(value); others.postMessage({ online: value }); },
  };
  navigator.locks.request("owa-events", () => listen(everyone));
}

async function listen(everyone) {
  addEventListener("offline", () => everyone.online(false));
  for (let pause = 1000; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await stream(everyone, () => { pause = 500; });
    } catch {
      if (left.signal.aborted) return;
      everyone.online(false);
    }
    await pauseOrNetwork(pause * (0.75 + Math.random() / 2));
  }
}

function pauseOrNetwork(length) {
  return new Promise((resolve) => {
    setTimeout(resolve, length);
    addEventListener("online", resolve, { once: true });
  });
}

async function stream(everyone, begun) {
  const abort = new AbortController();
  const lost = () => abort.abort();
  addEventListener("offline", lost);
  let silence = setTimeout(() => abort.abort(), SILENCE_MS);
  try {
    const response = await reach("/owa/ev.owa2", { headers: { "X-CASD-Background": "1" }, signal: abort.signal });
    if (!response.ok) throw new Refused(response.status, "", "");
    begun();
    everyone.online(true);
    everyone.tell({ again: true });
    for await (const line of lines(response.body)) {
      clearTimeout(silence);
      silence = setTimeout(() => abort.abort(), SILENCE_MS);
      const event = JSON.parse(line);
      if (event.folders) everyone.tell(event);
    }
  } finally {
    clearTimeout(silence);
    removeEventListener("offline", lost);
  }
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const pieces = (rest + value).split("\n");
    rest = pieces.pop();
    yield* pieces.filter(Boolean);
  }
}
