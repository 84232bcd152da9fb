// The credential of this page: in this tab, or kept on this screen where its user wants that.

const KEY = "backup-gateway-token";

/** Tells "changed" when somebody logs in or out, `detail` being why. */
export class Session extends EventTarget {
  constructor() {
    super();
    this.token = sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
  }

  begin(token, keep) {
    this.forget();
    (keep ? localStorage : sessionStorage).setItem(KEY, token);
    this.token = token;
    this.#tell("");
  }

  end(why) {
    this.forget();
    this.#tell(why);
  }

  forget() {
    sessionStorage.removeItem(KEY);
    localStorage.removeItem(KEY);
    this.token = null;
  }

  #tell(why) { this.dispatchEvent(new CustomEvent("changed", { detail: why })); }
}
