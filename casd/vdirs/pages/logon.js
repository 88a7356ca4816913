// What the sign-in page does better with script than without; nothing here is needed to sign in.

const form = document.forms.logonForm;
const submit = form.querySelector("[type=submit]");
const reveal = document.getElementById("reveal");

// A browser keeps the fragment through redirects but never sends it: it says which folder or message was asked for.
if (location.hash && !form.destination.value.includes("#")) form.destination.value += location.hash;

// Not every message is about a mistake: 2 is a wrong password, the others say why one is here.
if (new URLSearchParams(location.search).get("reason") !== "2") document.querySelector(".message").classList.add("notice");

reveal.hidden = false;
reveal.addEventListener("click", () => {
  const shown = form.password.type === "text";
  form.password.type = shown ? "password" : "text";
  reveal.textContent = shown ? reveal.dataset.show : reveal.dataset.hide;
  reveal.setAttribute("aria-pressed", String(!shown));
  form.password.focus();
});

form.addEventListener("submit", (event) => {
  if (submit.getAttribute("aria-disabled") === "true") event.preventDefault();
  form.password.type = "password";  // so that no browser remembers it as text
  submit.setAttribute("aria-disabled", "true");
  submit.textContent = submit.dataset.busy;
});

// Coming back by the history shows the page as it was left.
addEventListener("pageshow", () => {
  submit.removeAttribute("aria-disabled");
  submit.textContent = submit.dataset.ready;
});
