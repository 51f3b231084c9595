import java.net.InetSocketAddress;
import org.cometd.bayeux.server.BayeuxServer;
import org.cometd.server.BayeuxServerImpl;
import org.cometd.server.http.JSONHttpTransport;
import org.cometd.server.http.jakarta.CometDServlet;
import org.cometd.server.websocket.jetty.JettyWebSocketTransport;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** CometD's Java server at /cometd of a port of this host, over websockets and long-polling. It says when it listens. */
public class Cometd {
  public static void main(String[] args) throws Exception {
    Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])));
    ContextHandler all = new ContextHandler("/");
    WebSocketUpgradeHandler sockets = WebSocketUpgradeHandler.from(server, all);
    all.setHandler(sockets);
    server.setHandler(all);

    BayeuxServerImpl bayeux = new BayeuxServerImpl();
    bayeux.setOption("cometdURLMapping", "/cometd/*");
    bayeux.setOption("timeout", 20000);
    bayeux.setOption(Context.class.getName(), all.getContext());
    bayeux.setTransports(new JettyWebSocketTransport(bayeux), new JSONHttpTransport(bayeux));

    ServletContextHandler servlets = new ServletContextHandler("/");
    servlets.setAttribute(BayeuxServer.ATTRIBUTE, bayeux);
    ServletHolder holder = new ServletHolder(new CometDServlet());
    holder.setAsyncSupported(true);
    holder.setInitOrder(1);
    servlets.addServlet(holder, "/cometd/*");
    sockets.setHandler(servlets);
    server.start();
    if (!bayeux.isStarted()) {
      bayeux.start();
    }
    System.out.println("{\"open\":true}");
  }
}
