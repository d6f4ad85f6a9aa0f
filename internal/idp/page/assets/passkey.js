// Signs in with a passkey, or makes one: asks the browser with the options in the form, and sends what it says as the field "credential".
(() => {
  const form = document.getElementById("passkey-form");
  const problem = document.getElementById("passkey-problem");
  if (!form) return;
  const make = form.dataset.make === "yes";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));
  const ask = async () => {
    problem.hidden = true;
    try {
      if (!window.PublicKeyCredential) throw new Error(form.dataset.unsupported);
      const given = JSON.parse(form.dataset.options);
      const options = given.publicKey || given;
      options.challenge = bytes(options.challenge);
      if (make) {
        options.user.id = bytes(options.user.id);
        options.excludeCredentials = known(options.excludeCredentials);
      } else {
        options.allowCredentials = known(options.allowCredentials);
      }
      const c = make ? await navigator.credentials.create({ publicKey: options }) : await navigator.credentials.get({ publicKey: options });
      const r = c.response;
      const response = { clientDataJSON: text(r.clientDataJSON) };
      if (make) {
        response.attestationObject = text(r.attestationObject);
        response.transports = r.getTransports ? r.getTransports() : [];
      } else {
        response.authenticatorData = text(r.authenticatorData);
        response.signature = text(r.signature);
        response.userHandle = text(r.userHandle) || undefined;
      }
      form.elements.credential.value = JSON.stringify({ id: c.id, rawId: text(c.rawId), type: c.type,
        authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(), response });
      form.submit();
    } catch (e) {
      problem.textContent = e.name === "NotAllowedError" ? form.dataset.refused : e.message;
      problem.hidden = false;
    }
  };
  form.addEventListener("submit", (e) => { e.preventDefault(); ask(); });
  if (!make) ask();
})();
