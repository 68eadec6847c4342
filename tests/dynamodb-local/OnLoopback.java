import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;

/**
 * DynamoDB Local on 127.0.0.1 and a free port, which it prints as
 * {@code ready dynamodb=http://127.0.0.1:PORT}. Its own main class listens on
 * every address of the machine and has no option for another.
 *
 * <pre>java -Djava.library.path=LIB -cp 'LIB/*' OnLoopback.java</pre>
 */
final class OnLoopback {
    public static void main(String[] none) throws Exception {
        // Shared: who asks, and for which region, must not choose the table.
        String[] arguments = {"-inMemory", "-sharedDb", "-disableTelemetry", "-port", "8000"};
        var engine = ServerRunner.createServerFromCommandLineArgs(arguments);
        var field = engine.getClass().getDeclaredField("server");
        field.setAccessible(true);
        var server = (Server) field.get(engine);
        var connector = (ServerConnector) server.getConnectors()[0];
        connector.setHost("127.0.0.1");
        connector.setPort(0);
        engine.start();
        System.out.println("ready dynamodb=http://127.0.0.1:" + connector.getLocalPort());
        engine.join();
    }
}
