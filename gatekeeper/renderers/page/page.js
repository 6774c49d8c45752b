"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const folded = (element) => element.textContent.toLowerCase();
  const bar = document.getElementById("filter");
  const words = document.getElementById("words");
  const shown = document.getElementById("shown");
  const findings = all("[data-severity]").map((element) => ({ element, text: folded(element) }));
  const record = new Map(findings.map((each) => [each.element, each]));
  const criteria = all(".criterion").map((element) => ({
    element,
    text: folded(element),
    head: folded(element.firstElementChild),
    findings: all("[data-severity]", element).map((finding) => record.get(finding)),
  }));
  const gates = all(".gates > tbody").map((element) => ({ element, gate: element.querySelector(".gate") }));
  const loose = findings.filter((each) => !each.element.closest(".criterion"));

  const chosen = (name) => new Set(all(`input[name=${name}]:checked`).map((box) => box.value));

  const filterFindings = (found, severities, sought) => {
    for (const each of found) {
      each.element.hidden = !severities.has(each.element.dataset.severity) || !each.text.includes(sought);
    }
  };

  const filter = () => {
    const sought = words.value.trim().toLowerCase();
    const statuses = chosen("status");
    const severities = chosen("severity");
    let count = 0;
    for (const each of criteria) {
      const visible = statuses.has(each.element.dataset.status) && each.text.includes(sought);
      each.element.hidden = !visible;
      count += visible;
      filterFindings(each.findings, severities, each.head.includes(sought) ? "" : sought);
      if (visible && sought) each.element.open = true;
    }
    filterFindings(loose, severities, sought);
    for (const { element, gate } of gates) {
      element.hidden = !element.querySelector(".criterion:not([hidden])");
      if (sought && !element.hidden) gate.open = true;
    }
    const visibleFindings = findings.filter((each) => !each.element.hidden && !each.element.closest("[hidden]")).length;
    shown.textContent = `${count} of ${criteria.length} criteria, ${visibleFindings} of ${findings.length} findings`;
  };

  const openAll = (open) => {
    for (const details of all(".gate, .gate .criterion")) details.open = open;
  };

  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    const gate = target.querySelector(".gate");
    if (gate && target.tagName === "TBODY") gate.open = true;
    for (let element = target; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
    }
    target.scrollIntoView();
  };

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
  addEventListener("hashchange", reveal);
  bar.addEventListener("input", filter);
  document.getElementById("open-all").addEventListener("click", () => openAll(true));
  document.getElementById("close-all").addEventListener("click", () => openAll(false));
  for (const { element, gate } of gates) {
    element.rows[0].addEventListener("click", () => {
      if (!String(getSelection())) gate.open = !gate.open;
    });
  }
  document.documentElement.classList.add("scripted");
  bar.hidden = false;
  filter();
  reveal();
})();
