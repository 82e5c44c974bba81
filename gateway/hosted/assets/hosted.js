// Every page works without this, by codes. It asks for passkeys where the browser has them, keeps a
// form from being sent twice by a double click, and counts down until a page may be agreed to.
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

const ask = {
  get: async (options) => {
    const found = await navigator.credentials.get({ publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: known(options.allowCredentials),
    } });
    return [found, {
      authenticatorData: text(found.response.authenticatorData),
      signature: text(found.response.signature),
      userHandle: found.response.userHandle ? text(found.response.userHandle) : null,
    }];
  },
  create: async (options) => {
    const made = await navigator.credentials.create({ publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    } });
    return [made, {
      attestationObject: text(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    }];
  },
};

const answer = async (form) => {
  const [credential, response] =
    await ask[form.dataset.passkey](JSON.parse(form.dataset.options));
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: {},
    response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
  });
};

if (window.PublicKeyCredential && navigator.credentials) {
  for (const note of document.querySelectorAll("[data-without-passkeys]")) {
    note.hidden = true;
  }
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const problem = form.querySelector("[data-problem]");
    const credential = form.elements.namedItem("credential");
    let asking = false;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (credential.value) {
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (asking) {
        return;
      }
      asking = true;
      problem.hidden = true;
      try {
        credential.value = await answer(form);
        form.requestSubmit();
      } catch {
        problem.hidden = false;
      } finally {
        asking = false;
      }
    });
  }
}

// The server judges the time; this only spares the reader a page that says it was too soon.
const reading = document.getElementById("reading");
if (reading) {
  const approve = document.getElementById("approve");
  const [said, left] = reading.children;
  const end = performance.now() + Number(reading.dataset.seconds) * 1000;
  const count = () => {
    const seconds = Math.ceil((end - performance.now()) / 1000);
    if (seconds <= 0) {
      approve.disabled = false;
      said.textContent = reading.dataset.now;
      left.textContent = "";
      return;
    }
    left.textContent = reading.dataset.left.replace("{}", seconds);
    setTimeout(count, 200);
  };
  approve.disabled = true;
  count();
}

for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
    }
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    const credential = form.elements.namedItem("credential");
    if (credential) {
      credential.value = "";
    }
  }
});
