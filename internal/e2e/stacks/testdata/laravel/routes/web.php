<?php
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Route;

$ran = function (Request $request, $code, $value) {
    $line = [$code, $value, $request->header('Paygate-Status', ''), $request->header('Paygate-Amount', '')];
    file_put_contents(SITE . '/ran', json_encode($line) . "\n", FILE_APPEND | LOCK_EX);
};
$form = fn ($inputs) => '<form method="post"><input type="hidden" name="_token" value="' . csrf_token() . '">' . $inputs . '</form>';
$user = function (Request $request) {
    if (file_exists(SITE . '/expired')) {
        $request->session()->flush();
    }
    return $request->session()->get('user');
};

Route::get('/', fn () => '<h1>Fishing licences</h1>');
Route::get('/login', fn () => $form('<input name="name">'));
Route::post('/login', function (Request $request) {
    $request->session()->put('user', $request->input('name'));
    return redirect('/licences/apply');
});

Route::get('/licences/apply', function (Request $request) use ($form, $user) {
    $error = optional($request->session()->get('errors'))->first('email');
    return $user($request) ? '<h1>Apply</h1>' . $error . $form('<input name="name"><input name="email">') : redirect()->guest('/login');
});
Route::post('/licences/apply', function (Request $request) use ($ran, $user) {
    if (! $user($request)) {
        return redirect()->guest('/login');
    }
    $valid = $request->validate(['name' => 'required', 'email' => 'required|email']); // or back to the form, by a redirect
    $ran($request, 'apply', $valid['name']);
    return redirect('/licences/confirmation');
});

Route::get('/licences/renew', fn () => $form('<button name="application[action]" value="pay">'));
Route::match(['post', 'put'], '/licences/renew', function (Request $request) use ($ran) {
    if ($request->input('application.action') !== 'pay') {
        return '<h1>Draft saved</h1>';
    }
    $ran($request, 'renew', 'pay');
    return redirect('/licences/confirmation');
});

Route::get('/licences/permit', fn () => $form('<select name="application[licence]"><option>1-day</select>'));
Route::post('/licences/permit', function (Request $request) use ($ran) {
    $licence = $request->input('application.licence');
    if (! in_array($licence, ['1-day', '8-day'], true)) {
        return redirect('/licences/permit');
    }
    $ran($request, 'permit', $licence);
    return redirect('/licences/confirmation');
});

Route::get('/licences/confirmation', fn () => '<h1>Application received</h1>');
Route::get('/report', function (Request $request) use ($ran) {
    $ran($request, 'report', (string) $request->input('year'));
    return response('the report')->header('Content-Type', 'text/plain');
});
Route::match(['get', 'post'], '/search', fn (Request $request) => response()->json([
    $request->method(), $request->getRequestUri(), $request->getContent(), count($request->allFiles()),
]));
