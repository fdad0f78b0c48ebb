import { createApp } from "vue";
import App from "@/App.vue";
import { Session, sessionKey } from "@/live/session";
import "@/style.css";

const session = new Session();
session.start();
createApp(App).provide(sessionKey, session).mount("#app");
