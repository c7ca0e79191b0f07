module.exports = { generateBuildId: () => 'build' } // a name for the tests to try
