// Asking the service on behalf of a person: the administrator's token, and the dialog that makes sure. The
// token is kept in memory, and beside it only where the person asks for it and until the tab is closed.

import { at, fill, keep, kept } from "/page/dom.js";
import { trouble } from "/page/live.js";

const KEPT = "order-service admin token";
const PATIENCE_MS = 15000;

let token = kept("sessionStorage", KEPT);

/** Uses this token from now on; the empty one forgets. */
export const useToken = (text, untilClosed) => {
  token = text;
  keep("sessionStorage", KEPT, untilClosed ? text : "");
};

/** Whether a token was given. */
export const hasToken = () => token !== "";

/** What the service answers: {ok, status, body} or {ok: false, status, why}; status 0 is no answer. */
export const ask = async (path, method = "GET") => {
  try {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const response = await fetch(path, { method, headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) return { ok: false, status: response.status, why: await trouble(response) };
    const text = await response.text();
    return { ok: true, status: response.status, body: text ? JSON.parse(text) : {} };
  } catch {
    return { ok: false, status: 0, why: "the pod does not answer, or not as it should" };
  }
};

/**
 * A dialog that holds the keyboard until it is answered, and gives it back; whether the answer was yes. Without
 * `yes` there is nothing to agree to.
 */
export const dialog = ({ title, body, yes, danger }) => {
  const [box, no, go] = [at("dialog"), at("dialog-no"), at("dialog-yes")];
  const before = document.activeElement;
  at("dialog-title").textContent = title;
  fill("dialog-body", body);
  no.textContent = yes ? "Cancel" : "Close";
  go.hidden = !yes;
  go.textContent = yes ?? "";
  go.classList.toggle("danger", Boolean(danger));
  return new Promise((done) => {
    // The event of a close comes after the close, and another dialog may be open by then: this takes it for the
    // one that was closed, and below it is not taken for the one that is open.
    box.onclose?.();
    const answer = (said) => () => box.close(said);
    no.onclick = answer("no");
    go.onclick = answer("yes");
    box.returnValue = "";
    box.onclose = () => {
      if (box.open) return;
      box.onclose = null;
      if (before?.isConnected) before.focus();
      done(box.returnValue === "yes");
    };
    box.showModal();
    // What cannot be taken back is not one key away.
    (yes && !danger ? go : no).focus();
  });
};
