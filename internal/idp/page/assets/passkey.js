// Signs in with a passkey: asks the browser for an assertion with the options in the form, and sends it as the field "credential".
(() => {
  const form = document.getElementById("passkey-form");
  const problem = document.getElementById("passkey-problem");
  if (!form) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const ask = async () => {
    problem.hidden = true;
    try {
      if (!window.PublicKeyCredential) throw new Error(form.dataset.unsupported);
      const given = JSON.parse(form.dataset.options);
      const options = given.publicKey || given;
      options.challenge = bytes(options.challenge);
      options.allowCredentials = (options.allowCredentials || []).map((c) => ({ ...c, id: bytes(c.id) }));
      const c = await navigator.credentials.get({ publicKey: options });
      form.elements.credential.value = JSON.stringify({
        id: c.id, rawId: text(c.rawId), type: c.type,
        authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(),
        response: {
          clientDataJSON: text(c.response.clientDataJSON), authenticatorData: text(c.response.authenticatorData),
          signature: text(c.response.signature), userHandle: c.response.userHandle ? text(c.response.userHandle) : undefined,
        },
      });
      form.submit();
    } catch (e) {
      problem.textContent = e.name === "NotAllowedError" ? form.dataset.refused : e.message;
      problem.hidden = false;
    }
  };
  form.addEventListener("submit", (e) => { e.preventDefault(); ask(); });
  ask();
})();
