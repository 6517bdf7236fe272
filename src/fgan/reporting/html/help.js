// What helps to read tables: an explanation of each metric, and a hint where a table scrolls sideways.

for (const button of document.querySelectorAll(".about")) {
  const tip = document.getElementById(button.getAttribute("popovertarget"));
  if (!tip?.showPopover) { // an older browser: the list below the tables says the same
    button.hidden = true;
    continue;
  }
  const show = () => {
    if (!tip.matches(":popover-open")) tip.showPopover();
    const at = button.getBoundingClientRect(), { width, height } = tip.getBoundingClientRect();
    const below = at.bottom + 6 + height < innerHeight || at.top < height + 6;
    tip.style.left = `${Math.max(8, Math.min(at.left - 20, innerWidth - width - 8))}px`;
    tip.style.top = `${below ? at.bottom + 6 : at.top - height - 6}px`;
  };
  button.addEventListener("click", (event) => {
    event.preventDefault();
    show();
  });
  button.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && show());
  button.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && tip.hidePopover());
}

for (const region of document.querySelectorAll(".scroll")) {
  const hint = document.createElement("p");
  hint.className = "hint";
  hint.textContent = "Scroll sideways for more columns →";
  region.before(hint);
  const look = () => {
    const left = region.scrollWidth - region.clientWidth - region.scrollLeft;
    region.classList.toggle("more", left > 4);
    hint.hidden = region.scrollWidth - region.clientWidth <= 4;
  };
  region.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(region);
}
