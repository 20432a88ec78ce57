// The live stats of the chosen event: one socket, its frames handed to every part that shows them.

import { ReconnectingSocket } from "../connection/reconnecting-socket.js";
import { texts as all } from "../texts/texts.js";
import { byId, setText } from "../ui/dom.js";

/**
 * @typedef {import("../admin/session.js").AdminContext} AdminContext
 * @typedef {import("../admin/session.js").Event} Event
 * @typedef {Record<string, any>} Stats
 * @typedef {{draw: (stats: Stats, rules: Record<string, any>) => void, clear: () => void}} Shower
 */

/** Bind the head and the parts that show stats. @param {AdminContext} context @param {Shower[]} parts */
export function liveStats(context, parts) {
  /** @type {ReconnectingSocket | null} */
  let socket = null;
  let watched = "";

  const hide = () => {
    socket?.stop();
    [socket, watched] = [null, ""];
  };

  /** @param {Stats} stats */
  const draw = (stats) => {
    context.stats = stats;
    for (const part of parts) part.draw(stats, context.event?.rules ?? {});
    if (context.event && hasMoved(context.event, stats)) void context.reload();
  };

  /** @param {Event} event */
  const show = (event) => {
    if (watched === event.id) return;
    hide();
    [watched, context.stats] = [event.id, null];
    for (const part of parts) part.clear();
    socket = new ReconnectingSocket(`/ws/admin/events/${encodeURIComponent(event.id)}`, {
      onFrame: (frame) => frame.type === "stats" && draw(frame.stats),
      onStatus: (status) => {
        byId("connection").dataset.status = status;
        setText(byId("connection"), all.admin.head.connection[status]);
        if (status === "stopped") void context.reload();
      },
    });
    socket.start();
  };

  return { show, hide };
}

/** Return whether an event is in another state than it is shown in, by somebody else's act. @param {Event} event @param {Stats} stats */
function hasMoved(event, { state, stopped }) {
  return state !== event.state || (stopped ?? Boolean(event.stopped)) !== Boolean(event.stopped);
}
