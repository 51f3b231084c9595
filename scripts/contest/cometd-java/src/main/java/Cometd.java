import java.net.InetAddress;
import org.cometd.bayeux.server.BayeuxServer;
import org.cometd.server.AbstractServerTransport;
import org.cometd.server.BayeuxServerImpl;
import org.cometd.server.JacksonJSONContextServer;
import org.cometd.server.http.JSONHttpTransport;
import org.cometd.server.http.jakarta.CometDServlet;
import org.cometd.server.websocket.jetty.JettyWebSocketTransport;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Context;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** CometD's Java server at /cometd of a port of this host, over websockets and long-polling, with the settings of CometD's own load server. */
public class Cometd {
  public static void main(String[] args) throws Exception {
    int selectors = Runtime.getRuntime().availableProcessors();
    Server server = new Server(new QueuedThreadPool(256));
    HttpConfiguration http = new HttpConfiguration();
    http.setDelayDispatchUntilContent(true);
    http.setSendServerVersion(false);
    http.setSendDateHeader(false);
    http.setHeaderCacheSize(0); // or each connection keeps 98 KB to know repeated header fields by
    ServerConnector connector = new ServerConnector(server, null, null, null, 1, selectors, new HttpConnectionFactory(http));
    connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
    connector.setPort(Integer.parseInt(args[0]));
    connector.setAcceptQueueSize(4096);
    connector.setIdleTimeout(120_000);
    server.addConnector(connector);

    ContextHandler all = new ContextHandler("/");
    WebSocketUpgradeHandler sockets = WebSocketUpgradeHandler.from(server, all);
    all.setHandler(sockets);
    server.setHandler(all);

    QueuedThreadPool threads = new QueuedThreadPool(256);
    threads.setReservedThreads(0);
    threads.start();
    BayeuxServerImpl bayeux = new BayeuxServerImpl();
    bayeux.setExecutor(threads);
    bayeux.setOption("cometdURLMapping", "/cometd/*");
    bayeux.setOption(AbstractServerTransport.TIMEOUT_OPTION, 30_000);
    bayeux.setOption(AbstractServerTransport.MAX_INTERVAL_OPTION, 20_000);
    bayeux.setOption(AbstractServerTransport.JSON_CONTEXT_OPTION, JacksonJSONContextServer.class.getName());
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
  }
}
