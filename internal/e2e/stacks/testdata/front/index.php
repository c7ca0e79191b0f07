<?php
require getenv('SITE') . '/common.php';
$post = $_SERVER['REQUEST_METHOD'] === 'POST';

function redirect($to)
{
    header('Location: ' . $to);
    exit;
}

// As Symfony and Laravel do: what comes before or after the script's name is the path.
$path = rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '');

switch (trim(preg_replace('~^/index\.php~', '', $path), '/')) {
    case '':
        exit('<h1>Fishing licences</h1>');
    case 'login':
        if ($post) {
            checkToken();
            $_SESSION['user'] = $_POST['name'];
            redirect('/licences/apply');
        }
        exit('<h1>Sign in</h1><form method="post">' . token() . '<input name="name"></form>');
    case 'licences/apply':
        needsUser('/login?next=/licences/apply');
        if ($post) {
            checkToken();
            if (filter_var($_POST['email'] ?? '', FILTER_VALIDATE_EMAIL)) {
                ran('apply', $_POST['name']);
                redirect('/licences/confirmation');
            }
            $_SESSION['error'] = 'Enter an e-mail address';
            redirect('/licences/apply');
        }
        $error = $_SESSION['error'] ?? '';
        unset($_SESSION['error']);
        exit('<h1>Apply</h1>' . $error . '<form method="post">' . token() . '<input name="name"><input name="email"></form>');
    case 'licences/renew':
        if (isset($_REQUEST['pay'])) { // the button alone, whatever its value, in the query as well
            ran('renew', 'pay');
            redirect('/licences/confirmation');
        }
        exit('<form method="post">' . token() . '<button name="draft">Save</button><button name="pay">Pay</button></form>');
    case 'licences/permit':
        if ($post) {
            checkToken();
            $licence = $_REQUEST['licence'] ?? '';
            if (in_array($licence, ['1-day', '8-day'], true)) {
                ran('permit', $licence);
                redirect('/licences/confirmation');
            }
        }
        exit('<form method="post">' . token() . '<select name="licence"><option>1-day<option>8-day</select></form>');
    case 'licences/confirmation':
        exit('<h1>Application received</h1>');
    case 'report':
        ran('report', (string) ($_GET['year'] ?? ''));
        header('Content-Type: text/plain');
        exit('the report');
    case 'search':
        header('Content-Type: text/plain');
        exit($_SERVER['REQUEST_METHOD'] . ' ' . $_SERVER['REQUEST_URI'] . "\n" . file_get_contents('php://input') . "\n" . json_encode([$_GET, $_POST, array_keys($_FILES)]));
    default:
        http_response_code(404);
        exit('no such page');
}
