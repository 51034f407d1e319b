// Opens an account beside the table instead of leaving it, and filters as soon as a choice is made.
// Everything works without this file.
"use strict";

(() => {
  const dialog = document.createElement("dialog");
  dialog.className = "panel";
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.textContent = "关闭";
  close.addEventListener("click", () => dialog.close());
  const body = document.createElement("div");
  dialog.append(close, body);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);

  const open = async (href) => {
    const answer = await fetch(href, { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("explain");
    if (!found) throw new Error("no explanation");
    body.replaceChildren(document.importNode(found, true));
    dialog.showModal();
    dialog.scrollTop = 0;
  };

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const row = event.target.closest("table.accounts tbody tr");
    if (!row || (event.target.closest("a") && !event.target.closest("a.open"))) return;
    if (String(window.getSelection())) return;
    const link = row.querySelector("a.open");
    event.preventDefault();
    open(link.href).catch(() => { window.location.href = link.href; });
  });

  for (const choice of document.querySelectorAll("form.filters select")) {
    choice.addEventListener("change", () => choice.form.requestSubmit());
  }
  for (const form of document.querySelectorAll("form.filters")) {
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
    });
  }
  window.addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form.filters [disabled]")) field.disabled = false;
  });
})();
