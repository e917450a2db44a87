// The line to a pod: its own status as a stream of events, a peer's by asking again and again. It says when it
// has lost the pod, and tries again.

const FETCH_MS = 5000;
const PEER_EVERY_MS = 4000;
const POLL_EVERY_MS = 4000;
// A frame comes every 2 s. Without any for so long the line counts as dead, whatever the browser believes.
const SILENCE_MS = 12000;
const RETRY_MS = [1000, 2000, 4000, 8000];
// Nobody looks at a hidden page, so it asks for nothing after a while.
const HIDDEN_MS = 30000;

/** What went wrong with a request, in words. */
export const trouble = async (response) => {
  try {
    const problem = await response.json();
    if (problem.detail) return problem.detail;
  } catch {
    // Whoever answered was not the service; its status has to do.
  }
  return `it answered ${response.status} ${response.statusText}`.trim();
};

export class Live {
  /** `show` is given each status; `say` is given {state: "loading" | "live" | "lost", why, seconds}. */
  constructor(show, say) {
    this.show = show;
    this.say = say;
    this.pod = "";
    this.turn = 0;
    this.failures = 0;
    document.addEventListener("visibilitychange", () => this.seen());
    window.addEventListener("online", () => this.now());
  }

  /** Follows this pod from now on; the empty name is the pod that the page comes from. */
  follow(pod) {
    this.pod = pod;
    this.failures = 0;
    this.say({ state: "loading" });
    this.now();
  }

  /** Tries at once. */
  now() {
    this.stop();
    this.turn += 1;
    this.connect(this.turn);
  }

  stop() {
    this.events?.close();
    this.events = null;
    clearTimeout(this.timer);
    clearInterval(this.counter);
    clearTimeout(this.silence);
  }

  async connect(turn) {
    const path = this.pod ? `/api/peers/${encodeURIComponent(this.pod)}/status` : "/api/status";
    let status;
    try {
      const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(FETCH_MS) });
      if (!response.ok) throw new Error(await trouble(response));
      status = await response.json();
    } catch (error) {
      if (turn === this.turn) this.lost(error);
      return;
    }
    // Meanwhile somebody chose another pod.
    if (turn !== this.turn) return;
    this.failures = 0;
    this.say({ state: "live" });
    this.show(status);
    if (this.pod) this.timer = setTimeout(() => this.connect(turn), PEER_EVERY_MS);
    else this.listen(turn);
  }

  listen(turn) {
    let framed = false;
    const events = new EventSource("/api/status/stream");
    this.events = events;
    this.watch(turn);
    events.addEventListener("status", (event) => {
      if (turn !== this.turn) return;
      framed = true;
      this.watch(turn);
      this.show(JSON.parse(event.data));
    });
    events.addEventListener("error", () => {
      if (turn !== this.turn) return;
      events.close();
      clearTimeout(this.silence);
      // One that never began was refused, as when too many are open: then asking has to do.
      if (framed) this.now();
      else this.timer = setTimeout(() => this.connect(turn), POLL_EVERY_MS);
    });
  }

  watch(turn) {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => turn === this.turn && this.now(), SILENCE_MS);
  }

  lost(error) {
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    const why = ["TypeError", "TimeoutError", "AbortError"].includes(error.name) ? "it does not answer" : error.message;
    let seconds = wait / 1000;
    const count = () => this.say({ state: "lost", why, seconds: seconds-- });
    count();
    this.counter = setInterval(() => seconds > 0 && count(), 1000);
    this.timer = setTimeout(() => this.now(), wait);
  }

  seen() {
    clearTimeout(this.rest);
    if (document.hidden) {
      this.rest = setTimeout(() => {
        this.stop();
        this.turn += 1;
        this.resting = true;
      }, HIDDEN_MS);
    } else if (this.resting) {
      this.resting = false;
      this.now();
    }
  }
}
