// What is typed goes to the app from the start, without a click into it.
const typing = new MutationObserver(() => {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys) {
    typing.disconnect();
    keys.focus();
    window.addEventListener("focus", () => keys.focus());
  }
});
typing.observe(document.documentElement, { childList: true, subtree: true });
