import { createApp } from "vue";
import App from "@/App.vue";
import { Access, accessKey } from "@/live/access";
import { Session, sessionKey } from "@/live/session";
import "@/style.css";

const access = new Access();
const session = new Session(() => access.expired());
const app = createApp(App).provide(accessKey, access).provide(sessionKey, session);
void access.look().then(() => {
  if (!access.isShut) session.start();
  app.mount("#app");
});
