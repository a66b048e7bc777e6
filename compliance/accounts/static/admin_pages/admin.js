// The theme's menus open by spans and links that lead nowhere: a keyboard and a screen reader
// do not find them. Here they become buttons with a name. What they say stands in #admin-words.
"use strict";

const ICON = ".material-symbols-outlined";
const NAMELESS = {
    sidebarDesktopOpen: "menu",
    sidebarMobileOpen: "menu",
    openUserLinks: "account",
};

function nameOf(element) {
    const action = element.getAttribute("x-on:click") || "";
    const state = Object.keys(NAMELESS).find((name) => action.includes(name));
    return state && document.getElementById("admin-words").dataset[NAMELESS[state]];
}

function controlled(element) {
    const action = element.getAttribute("x-on:click") || "";
    if (action.includes("openUserLinks")) return element.parentElement.querySelector("nav");
    if (action.includes("sidebar")) return document.getElementById("nav-sidebar");
    if (action.includes("filterOpen")) return document.getElementById("changelist-filter");
    return null;
}

function tellState(element) {
    const what = controlled(element);
    if (what) element.setAttribute("aria-expanded", String(what.getClientRects().length > 0));
}

function enter(element) {
    const first = controlled(element)?.querySelector("a[href], button, input, [role=button]");
    if (element.getAttribute("aria-expanded") === "true" && first) first.focus();
}

function makeButton(element) {
    element.setAttribute("role", "button");
    element.tabIndex = 0;
    const name = nameOf(element);
    if (name) element.setAttribute(element.matches(ICON) ? "aria-label" : "title", name);
    tellState(element);
    element.addEventListener("click", () => setTimeout(() => tellState(element), 200));
    element.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        element.click();
        setTimeout(() => enter(element), 250);
    });
}

document.addEventListener("DOMContentLoaded", () => {
    for (const icon of document.querySelectorAll(ICON)) {
        if (!icon.hasAttribute("x-on:click")) icon.setAttribute("aria-hidden", "true");
    }
    const words = document.getElementById("admin-words");
    if (!words) return;
    for (const home of document.querySelectorAll("#nav-sidebar a:has(> .material-symbols-outlined:only-child)")) {
        home.setAttribute("aria-label", words.dataset.home);
    }
    for (const element of document.querySelectorAll(
        "span[x-on\\:click], a[x-on\\:click]:not([href]), [x-data*=openUserLinks] > div",
    )) makeButton(element);
    document.getElementById("searchbar-submit")?.setAttribute("aria-label", words.dataset.search);
    document.getElementById("searchbar")?.setAttribute("aria-label", words.dataset.search);
});
