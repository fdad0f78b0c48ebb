/** The thumbnails of dead letters share two of the six connections that a browser has to a server. */

import { Turns } from "@/text/turns";

export const thumbnailTurns = new Turns(2);
