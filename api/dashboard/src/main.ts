import { createApp } from "vue";
import App from "@/App.vue";
import { Access, accessKey } from "@/live/access";
import { Notices, noticesKey } from "@/live/notices";
import { Session, sessionKey } from "@/live/session";
import "@/style.css";

const access = new Access();
const session = new Session(() => access.expired());
const app = createApp(App).provide(accessKey, access).provide(sessionKey, session).provide(noticesKey, new Notices());
void access.look().then(() => {
  if (!access.isShut) session.start();
  app.mount("#app");
});
