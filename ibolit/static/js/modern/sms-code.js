// Android reads the code out of the SMS whose last line names our host, and offers to type it in.
const field = document.querySelector('[autocomplete="one-time-code"]');
if (field && 'OTPCredential' in window) {
  navigator.credentials.get({ otp: { transport: ['sms'] } }).then((otp) => {
    field.value = otp.code;
    field.form.submit();
  }).catch(() => {});
}
